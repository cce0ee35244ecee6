import { Command } from 'commander';
import { type Chain, describeRule, type Ruleset, type Table } from '../../engine/netfilter/index.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { plain } from '../output/text.ts';
import { type FamilyOptions, readRules, rulesHelp, withFamily } from './rules-input.ts';

export function rulesParseCommand(): Command {
  return withFamily(new Command('parse'))
    .description('say what a ruleset holds, rule by rule')
    .argument('<file>', rulesHelp)
    .option('--json', 'print the model as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  iptables-save | hookpoint rules parse -\n  hookpoint rules parse rules.v6 -6 --json',
    )
    .action(async (file: string, options: FamilyOptions & { json?: boolean }) => {
      const ruleset = await readRules(file, options);
      if (options.json) printJson(ruleset);
      else print(summary(ruleset, coloursFor(process.stdout)));
    });
}

function summary(ruleset: Ruleset, colours: Colours): string {
  const backend = ruleset.backend === undefined ? '' : `, ${ruleset.backend}`;
  const title = `${ruleset.family === 'ipv4' ? 'IPv4' : 'IPv6'}${backend}, ${count(ruleset.tables.length, 'table')}`;
  return [colours.dim(title), ...ruleset.tables.flatMap((table) => tableLines(table, colours))].join('\n');
}

function tableLines(table: Table, colours: Colours): string[] {
  const title = `table ${colours.bold(plain(table.name))}`;
  if (table.unreadable !== undefined) return [title, `  ${colours.yellow(plain(table.unreadable))}`];
  return [title, ...table.chains.flatMap((chain) => chainLines(chain, colours))];
}

function chainLines(chain: Chain, colours: Colours): string[] {
  const policy = chain.policy === null ? 'user-defined' : `policy ${chain.policy}`;
  const lines = [
    `  chain ${colours.bold(plain(chain.name))} ${colours.dim(`(${policy}, ${count(chain.rules.length, 'rule')})`)}`,
  ];
  for (const [index, rule] of chain.rules.entries()) {
    const { counters } = rule;
    const seen = counters === null ? '' : colours.dim(` [${counters.packets} packets, ${counters.bytes} bytes]`);
    lines.push(`    ${colours.dim(`${rule.number ?? index + 1}.`)} ${plain(describeRule(rule))}${seen}`);
  }
  return lines;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
