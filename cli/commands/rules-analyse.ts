import { Command, Option } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { type Analysis, analyseRulesets, type Finding, type Severity } from '../../engine/netfilter/analyse/index.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { plain, textWidth, wrap } from '../output/text.ts';
import { type FamilyOptions, readFamilies, readTwo, rulesHelp, withFamily } from './rules-input.ts';

const severities: readonly Severity[] = ['error', 'warning', 'note'];

interface AnalyseOptions extends FamilyOptions {
  readonly all?: boolean;
  readonly failOn?: Severity;
  readonly json?: boolean;
}

export function rulesAnalyseCommand(): Command {
  return withFamily(new Command('analyse'))
    .alias('analyze')
    .description('find rules that do nothing, contradict each other or leave holes')
    .argument('<file>', rulesHelp)
    .argument('[other]', "the same host's rules of the other family, to compare what the two let in")
    .option('--all', 'list notes too: what is idle but harmless, and what programs keep in their own chains')
    .addOption(new Option('--fail-on <severity>', 'end with 1 where something that grave is found').choices(severities))
    .option(
      '--json',
      'print {"findings": [{"code", "severity", "chain", "rules", "causes", "message", "witness", ...}]}',
    )
    .addHelpText('after', help)
    .action(async (file: string, other: string | undefined, options: AnalyseOptions) => {
      const read = other === undefined ? [await readFamilies(file, options)] : await readTwo(file, other, options);
      const rulesets = read.flatMap((one) => one.rulesets);
      const twice = rulesets.find((one) =>
        rulesets.some(({ family }, at) => family === one.family && rulesets[at] !== one),
      );
      if (twice !== undefined) {
        throw new HookpointError('USAGE', `both rulesets are ${twice.family}`, {
          remedy:
            'Give the output of iptables-save and of ip6tables-save, or compare two of one family with rules diff.',
        });
      }
      const analysis = analyseRulesets(rulesets);
      if (options.json) printJson(analysis);
      else print(report(analysis, options.all === true, coloursFor(process.stdout)));
      const { failOn } = options;
      if (failOn !== undefined && analysis.findings.some((finding) => isAtLeast(finding, failOn))) process.exitCode = 1;
    });
}

const help = `
Every claim is exact: what is called shadowed or redundant is so for every packet, whatever limits, sets and marks say.

Exit code: 0 done, 1 found what --fail-on asks for, 2 bad input.

Examples:
  hookpoint rules analyse rules.v4
  iptables-save | hookpoint rules analyse - --json
  hookpoint rules analyse rules.v4 rules.v6 --all
  nft -j list ruleset | hookpoint rules analyse -
  hookpoint rules analyse rules.v4 --fail-on warning`;

const isAtLeast = ({ severity }: Finding, least: Severity): boolean =>
  severities.indexOf(severity) <= severities.indexOf(least);

function report({ findings }: Analysis, all: boolean, colours: Colours): string {
  const shown = all
    ? findings
    : findings.filter(({ severity, code }) => severity !== 'note' || code === 'not-analysed');
  const hidden = findings.length - shown.length;
  const lines: string[] = [];
  let heading = '';
  for (const finding of shown) {
    // A table of nft names its family itself.
    const isNft = finding.table === '' || finding.table.includes(' ');
    const words = [finding.family === 'ipv6' && !isNft ? 'ip6tables' : '', finding.table, finding.chain];
    const title = words.filter(Boolean).join(' ') || 'beside the hooks';
    if (title !== heading) lines.push(...(heading === '' ? [] : ['']), colours.bold(plain(title)));
    heading = title;
    lines.push(...findingLines(finding, colours));
  }
  const notes = hidden === 0 ? '' : `${hidden} ${hidden === 1 ? 'note' : 'notes'} more with --all`;
  if (shown.length === 0) lines.push(colours.green(hidden === 0 ? 'nothing found' : `nothing found; ${notes}`));
  else if (notes !== '') lines.push('', colours.dim(notes));
  return lines.join('\n');
}

function findingLines(finding: Finding, colours: Colours): string[] {
  const { severity, code, rules, text, message, witness } = finding;
  const width = Math.min(textWidth(), 80);
  const colour = severity === 'error' ? colours.red : severity === 'warning' ? colours.yellow : colours.dim;
  const last = rules.at(-1) ?? 0;
  const place = rules.length === 0 ? '' : rules.length === 1 ? `${last}: ` : `${rules[0]}-${last}: `;
  const lines = [
    `  ${colour(severity)} ${code}`,
    ...(text === null ? [] : [wrap(plain(`${place}${text}`), width, '      ', '    ')]),
    wrap(plain(message), width, '    '),
  ];
  if (witness === null) return lines;
  const assuming = witness.assuming.length === 0 ? '' : ` (${witness.assuming.join(', ')})`;
  return [
    ...lines,
    colours.dim(wrap(plain(`${witness.hook}: ${witness.packet}${assuming}`), width, '      ', '    e.g. ')),
  ];
}
