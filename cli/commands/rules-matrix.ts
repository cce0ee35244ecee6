import { Command, Option } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import {
  type Matrix,
  type MatrixHook,
  type MatrixRow,
  type MatrixVerdict,
  serviceMatrix,
  TooLargeError,
} from '../../engine/netfilter/analyse/index.ts';
import { placesAt, type Ruleset } from '../../engine/netfilter/index.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain } from '../output/text.ts';
import { type FamilyOptions, readRules, rulesHelp, withFamily } from './rules-input.ts';

const hooks: readonly MatrixHook[] = ['input', 'forward', 'output'];

interface MatrixOptions extends FamilyOptions {
  readonly hook?: MatrixHook;
  readonly json?: boolean;
}

export function rulesMatrixCommand(): Command {
  return withFamily(new Command('matrix'))
    .description('show who may open what to whom: new connections, hook by hook')
    .argument('<file>', rulesHelp)
    .addOption(new Option('--hook <hook>', 'this hook alone; else all that have rules').choices(hooks))
    .option(
      '--json',
      'print [{"hook", "otherwise", "rows": [{"verdict", "in", "out", "protocols", "ports", "from", "to", "dependsOn"}]}]',
    )
    .addHelpText('after', help)
    .action(async (file: string, options: MatrixOptions) => {
      const ruleset = await readRules(file, options, { changing: 'unknown' });
      const wanted = options.hook === undefined ? hooks.filter((hook) => hasRules(ruleset, hook)) : [options.hook];
      const matrices = wanted.map((hook) => matrixOf(ruleset, hook));
      const colours = coloursFor(process.stdout);
      if (options.json) printJson(matrices);
      else if (matrices.length === 0) print('no rules at input, forward or output: everything is accepted');
      else print(matrices.map((matrix) => report(matrix, colours)).join('\n\n'));
    });
}

const help = `
Rows do not overlap; what no row speaks of is under "all else". "depends" names what decides besides the packet.

Exit code: 0 done, 2 bad input.

Examples:
  hookpoint rules matrix rules.v4
  nft -j list ruleset | hookpoint rules matrix - -6
  iptables-save | hookpoint rules matrix - --hook input --json`;

/** Policies count as rules where they are not ACCEPT. */
function hasRules(ruleset: Ruleset, hook: MatrixHook): boolean {
  return placesAt([ruleset], hook).some(({ table: { chains }, chain }) => {
    const base = chains.find(({ name }) => name === chain);
    return base !== undefined && (base.rules.length > 0 || base.policy === 'DROP');
  });
}

function matrixOf(ruleset: Ruleset, hook: MatrixHook): Matrix {
  const unreadable = ruleset.tables.find((one) => one.unreadable !== undefined);
  if (unreadable !== undefined) {
    throw new HookpointError('BAD_INPUT', `table ${unreadable.name} could not be read: ${unreadable.unreadable}`, {
      remedy: 'Give what iptables-save prints of tables that iptables wrote.',
    });
  }
  try {
    return serviceMatrix(ruleset, hook);
  } catch (thrown) {
    if (!(thrown instanceof TooLargeError)) throw thrown;
    throw new HookpointError('BAD_INPUT', `the rules at ${hook} have no table of use: ${thrown.message}`, {
      remedy: 'Ask for single packets with hookpoint rules explain.',
      cause: thrown,
    });
  }
}

function report({ hook, otherwise, rows }: Matrix, colours: Colours): string {
  const title = colours.bold(`${hook}, new connections`);
  const header = [
    '',
    'service',
    ...(hook === 'output' ? [] : ['in']),
    ...(hook === 'input' ? [] : ['out']),
    'from',
    'to',
  ];
  const shown = rows.map((row) => [
    painted(row.verdict, colours),
    serviceText(row),
    ...(hook === 'output' ? [] : [row.in.join(', ')]),
    ...(hook === 'input' ? [] : [row.out.join(', ')]),
    few(row.from),
    few(row.to) + (row.dependsOn.length === 0 ? '' : `  (${row.dependsOn.join('; ')})`),
  ]);
  const rest = [painted(otherwise, colours), 'all else', ...header.slice(2).map(() => '')];
  return [title, table([header, ...shown, rest].map((cells) => cells.map(plainButColours)))].join('\n');
}

/** The colours of the first column are ours; the rest is text of others. */
const plainButColours = (text: string, column: number): string => (column === 0 ? text : plain(text));

function serviceText({ protocols, ports }: MatrixRow): string {
  const named = protocols.join(', ');
  return ports === '' ? named : `${named} ${ports}`;
}

const mostNetworks = 3;

function few(networks: readonly string[]): string {
  const more = networks.length - mostNetworks;
  return more > 0 ? `${networks.slice(0, mostNetworks).join(', ')} and ${more} more` : networks.join(', ');
}

function painted(verdict: MatrixVerdict, colours: Colours): string {
  if (verdict === 'accept') return colours.green(verdict);
  return verdict === 'depends' ? colours.yellow(verdict) : colours.red(verdict);
}
