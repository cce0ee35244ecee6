import { Command } from 'commander';
import type { BehaviourDifference, Treatment } from '../../engine/netfilter/analyse/index.ts';
import { baseText, diffMeaning, type Edit, printRule, type Rule } from '../../engine/netfilter/index.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { plain, textWidth, wrap } from '../output/text.ts';
import { type FamilyOptions, readPairs, rulesHelp, withFamily } from './rules-input.ts';

export function rulesDiffCommand(): Command {
  return withFamily(new Command('diff'))
    .description('list the edits that turn one ruleset into another, and a packet that the two treat otherwise')
    .argument('<a>', rulesHelp)
    .argument('<b>', rulesHelp)
    .option('--counters', 'also list rules whose counters differ; they do not count as different')
    .option(
      '--json',
      'print {"same": ..., "edits": [...], "behaviour": {"kind": "none" | "packet" | "undecided", ...}}',
    )
    .addHelpText(
      'after',
      `
Edits go by the meaning of rules and their order; behaviour goes by what happens to packets, so that rulesets with edits between them may
still treat every packet alike. A ruleset of iptables and one of nft have no edits between them: they are the same where no packet is treated
otherwise ("edits" is null).

Exit code: 0 same meaning, 1 different, 2 bad input.

Examples:
  hookpoint rules diff before.rules after.rules
  nft -j list ruleset | hookpoint rules diff rules.v4 -
  iptables-save -c | hookpoint rules diff before.rules - --counters`,
    )
    .action(async (a: string, b: string, options: FamilyOptions & { counters?: boolean; json?: boolean }) => {
      const { same, edits: all, behaviour } = diffMeaning(await readPairs(a, b, options));
      const edits = options.counters ? all : (all?.filter((edit) => edit.kind !== 'counters') ?? null);
      const colours = coloursFor(process.stdout);
      if (options.json) printJson({ same, edits, behaviour });
      else {
        const isPlain = same && edits !== null;
        print([report(edits, same, colours), ...(isPlain ? [] : ['', behaviourText(behaviour, colours)])].join('\n'));
      }
      if (!same) process.exitCode = 1;
    });
}

function report(edits: readonly Edit[] | null, same: boolean, colours: Colours): string {
  if (edits === null) return colours.dim('one is written for iptables, the other for nft: no edits are listed');
  const lines: string[] = [];
  let heading = '';
  for (const edit of edits) {
    const title = 'chain' in edit ? `${edit.table} ${edit.chain}` : edit.table;
    if (title !== heading) lines.push(colours.bold(plain(title)));
    heading = title;
    lines.push(`  ${editText(edit, colours)}`);
  }
  if (same) lines.push(colours.green('same meaning'));
  else if (lines.length === 0) lines.push(colours.red('different: one is IPv4, the other IPv6'));
  return lines.join('\n');
}

function behaviourText(behaviour: BehaviourDifference, colours: Colours): string {
  const width = Math.min(textWidth(), 80);
  if (behaviour.kind === 'none') return colours.green('every packet is treated alike');
  if (behaviour.kind === 'undecided') {
    const asked = behaviour.undecidable.map((text) => wrap(plain(text), width, '    ', '  '));
    return [colours.yellow('no difference in what packets decide; not decided by the packet:'), ...asked].join('\n');
  }
  const { hook, packet, a, b } = behaviour;
  return [
    colours.bold('a packet that shows it'),
    wrap(plain(`${hook}: ${packet}`), width, '    ', '  '),
    wrap(`first:  ${treatmentText(a)}`, width, '          ', '  '),
    wrap(`second: ${treatmentText(b)}`, width, '          ', '  '),
  ].join('\n');
}

function treatmentText({ verdict, rewrites, by, mark, when }: Treatment): string {
  const changes = Object.entries(rewrites).map(([key, value]) => `, ${key} becomes ${value ?? 'another'}`);
  const place =
    by === null
      ? ''
      : by.rule === 0
        ? `, policy of ${by.table} ${by.chain}`
        : `, ${by.table} ${by.chain} rule ${by.rule}`;
  const text = by === null || by.rule === 0 ? '' : ` (${by.text})`;
  const marked = mark === 0 ? '' : `, mark 0x${mark.toString(16)}`;
  const chance = when === '' ? '' : `, when ${when}`;
  return plain(`${verdict}${changes.join('')}${marked}${place}${text}${chance}`);
}

/** One edit on one line. */
export function editText(edit: Edit, colours: Colours): string {
  switch (edit.kind) {
    case 'unreadable':
      return colours.yellow(`? ${plain(edit.message)}`);
    case 'chain-added':
      return colours.green('+ chain');
    case 'chain-removed':
      return colours.red('- chain');
    case 'policy':
      return colours.yellow(`~ policy ${edit.before ?? 'none'} -> ${edit.after ?? 'none'}`);
    case 'base':
      return colours.yellow(`~ ${baseText(edit.before)} -> ${baseText(edit.after)}`);
    case 'added':
      return colours.green(`+ ${edit.to}: ${ruleText(edit.rule)}`);
    case 'removed':
      return colours.red(`- ${edit.from}: ${ruleText(edit.rule)}`);
    case 'moved':
      return colours.yellow(`> ${edit.from} -> ${edit.to}: ${ruleText(edit.rule)}`);
    case 'changed':
      return colours.yellow(`~ ${edit.from} -> ${edit.to}: ${ruleText(edit.before)}  =>  ${ruleText(edit.after)}`);
    case 'counters': {
      const { before, after } = edit;
      const numbers = `[${before.packets}:${before.bytes}] -> [${after.packets}:${after.bytes}]`;
      return colours.dim(`# ${edit.to}: ${numbers} ${ruleText(edit.rule)}`);
    }
  }
}

function ruleText(rule: Rule): string {
  return plain(printRule(rule)) || '(a rule without conditions or target)';
}
