import { Command, Option } from 'commander';
import { HookpointError, type Problem } from '../../engine/contract/error.ts';
import {
  explainWalk,
  type Family,
  type Hook,
  hooks,
  type Packet,
  PacketSyntaxError,
  parsePacket,
  type Simulation,
  simulate,
} from '../../engine/netfilter/index.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain, textWidth, wrap } from '../output/text.ts';
import { readPort } from '../read-port.ts';
import { explainPath, type PathOptions } from './explain-path.ts';
import { jsonStep } from './path-text.ts';
import { readHostState } from './rules-host-state.ts';
import { type FamilyOptions, readRules, readText, rulesHelp, withFamily } from './rules-input.ts';

interface ExplainOptions extends FamilyOptions, PathOptions {
  readonly packet?: string;
  readonly packets?: string;
  readonly hook?: Hook;
  readonly brief?: boolean;
}

export function explainCommand(): Command {
  return withFamily(new Command('explain'))
    .description('walk packets through a ruleset, or through all nodes of a lab, and say which rule decides')
    .argument('[file]', rulesHelp)
    .option('--packet <text>', "the packet, as 'in=eth0 src=10.0.0.2 proto=tcp dport=80 state=new'")
    .addOption(
      new Option('--packets <file>', 'packets, one a line, - for stdin; prints one JSON line each').conflicts('packet'),
    )
    .addOption(new Option('--hook <hook>', 'where its way begins').choices(hooks))
    .option('--state <snapshot>', "the host's addresses, routes and sysctls, as `hookpoint state --json` prints them")
    .option('--brief', 'leave out the rules that do not match')
    .option('--from <node>', 'walk a whole path instead: the node that asks')
    .option('--to <node>', 'the node, or the address, that is asked')
    .option('--session [session]', 'whose nodes; may be left out where one session is running')
    .option('--tcp <port>', 'ask for this TCP port', readPort)
    .option('--udp <port>', 'ask for this UDP port', readPort)
    .option('--icmp', 'ping')
    .option('--json', 'print the verdict, the rewrites and the walk as JSON')
    .addHelpText('after', help)
    .action(async (file: string | undefined, options: ExplainOptions) => {
      if (options.from !== undefined || options.to !== undefined || options.session !== undefined) {
        if (file !== undefined) {
          throw new HookpointError('USAGE', 'a path is walked through the rules of all nodes, not those of a file', {
            remedy: 'Leave the file out, or give --packet instead of --from and --to.',
          });
        }
        await explainPath(options);
      } else await explainPackets(file, options);
    });
}

async function explainPackets(file: string | undefined, options: ExplainOptions): Promise<void> {
  const { hook } = options;
  if (file === undefined || hook === undefined) {
    throw new HookpointError(
      'USAGE',
      file === undefined ? 'there is no ruleset to walk' : 'there is no hook to begin at',
      {
        remedy: 'Give a file and --hook with --packet, or --from and --to with a session.',
      },
    );
  }
  if ([file, options.packets, options.state].filter((name) => name === '-').length > 1) {
    throw new HookpointError('USAGE', 'only one file can come from stdin', { remedy: 'Name files for the others.' });
  }
  const ruleset = await readRules(file, options);
  const given = options.state === undefined ? undefined : await readHostState(options.state);
  // A dump of nft has all of its tables.
  const isDump = ruleset.tables.some(({ bases }) => bases !== undefined);
  const state = given === undefined || !isDump ? given : { ...given, nftTables: [] };
  const walk = options.brief ? 'brief' : 'full';
  for (const packet of await readPackets(options, ruleset.family)) {
    const simulation = simulate({ ruleset, packet, hook, walk, ...(state === undefined ? {} : { state }) });
    if (options.packets !== undefined) print(JSON.stringify(jsonOf(simulation)));
    else if (options.json) printJson(jsonOf(simulation));
    else print(textOf(simulation, coloursFor(process.stdout)));
  }
}

const help = `
Keys of a packet: in out src dst proto sport dport flags (as syn,ack) icmp-type icmp-code mark state length ttl dir
connmark mac uid gid dscp mss.
Without --state a packet with no out is delivered here, and with out it is forwarded. What is left out is unknown.

Examples:
  hookpoint rules explain rules.v4 --hook input --packet 'in=eth0 proto=tcp dport=22 state=new'
  iptables-save | hookpoint rules explain - --hook output --packet 'out=lo dst=127.0.0.1 proto=tcp dport=80 state=new' --json
  hookpoint rules explain rules.v4 --hook forward --packets packets.txt
  nft -j list ruleset | hookpoint rules explain - --hook input --packet 'in=eth0 proto=tcp dport=22 state=new'
  hookpoint rules explain --session masquerade-7k2f --from client --to server --tcp 80
  hookpoint rules explain --state nodes.json --from client --to 10.0.1.2 --icmp

A path without a session comes from a file of nodes and links (--state), each node as \`hookpoint state --json\` prints it:
  {"nodes": {"client": ..., "router": ...}, "links": {"lan": ["client:eth0", "router:lan"]}}`;

async function readPackets(options: ExplainOptions, family: Family): Promise<Packet[]> {
  if (options.packet !== undefined) return [onePacket(options.packet, family)];
  if (options.packets === undefined) {
    throw new HookpointError('USAGE', 'there is no packet to walk', { remedy: 'Give --packet or --packets.' });
  }
  const { name, text } = await readText(options.packets);
  const problems: Problem[] = [];
  const packets = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [parsePacket(line, family)];
    } catch (thrown) {
      if (!(thrown instanceof PacketSyntaxError)) throw thrown;
      problems.push({
        ...problemOf(thrown),
        place: { file: name, line: index + 1, column: columnOf(line, thrown.key) },
      });
      return [];
    }
  });
  if (problems.length > 0) throw new HookpointError('BAD_INPUT', `${name} has lines that are no packets`, { problems });
  return packets;
}

function onePacket(text: string, family: Family): Packet {
  try {
    return parsePacket(text, family);
  } catch (thrown) {
    if (!(thrown instanceof PacketSyntaxError)) throw thrown;
    throw new HookpointError('BAD_INPUT', 'the packet cannot be read', {
      problems: [problemOf(thrown)],
      cause: thrown,
    });
  }
}

const problemOf = (error: PacketSyntaxError): Problem => ({
  message: error.message.slice(0, -`: expected ${error.expected}`.length),
  expected: error.expected,
});

const columnOf = (line: string, key: string): number =>
  Math.max(0, ` ${line}`.search(new RegExp(`\\s${escaped(key)}`))) + 1;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The shape of DESIGN, with the reasons of each step. */
function jsonOf({ verdict, rewrites, packet, walk, unknown, outcomes }: Simulation) {
  return {
    verdict,
    rewrites,
    packet,
    walk: walk.map(jsonStep),
    unknown,
    outcomes: outcomes.map((outcome) => ({
      verdict: outcome.verdict,
      rewrites: outcome.rewrites,
      packet: outcome.packet,
      condition: outcome.condition,
      probability: outcome.probability,
    })),
  };
}

function textOf(simulation: Simulation, colours: Colours): string {
  const rows = shortened(simulation.walk).map((step) => {
    if (typeof step === 'number') return ['', '', '', `... ${step} rules that do not match`];
    const { table: name, chain, rule, matched, text, why, action } = step;
    return [
      matched === true ? '->' : matched === null ? '?' : '',
      `${name} ${chain}`,
      rule === 0 ? 'policy' : String(rule),
      plain(rule === 0 ? action : text),
      plain(matched === true ? '' : why),
    ];
  });
  const colour =
    simulation.verdict === 'accept' ? colours.green : simulation.verdict === 'unknown' ? colours.yellow : colours.red;
  return [
    ...(rows.length === 0 ? [] : [stepsText(rows), '']),
    wrap(plain(explainWalk(simulation)), textWidth(), '  ', `${colour(simulation.verdict)}  `),
  ].join('\n');
}

/** One line for each step; where that is too long for the screen, why it did not match stands below it. */
function stepsText(rows: readonly (readonly string[])[]): string {
  const width = textWidth();
  const whole = table(rows);
  if (whole.split('\n').every((line) => line.length <= width)) return whole;
  const lines = table(rows.map((row) => row.slice(0, 4))).split('\n');
  return rows
    .flatMap((row, index) => {
      const line = lines[index] ?? '';
      const place = line.slice(0, line.length - (row[3]?.length ?? 0));
      const rule = wrap(row[3] ?? '', width, ' '.repeat(place.length + 2), place);
      return row[4] ? [rule, wrap(row[4], width, ' '.repeat(place.length + 2))] : [rule];
    })
    .join('\n');
}

/** As many rules in a row that do not match are shown; of more the first and last ones, with their number between. */
const longestRun = 12;
const shownOfRun = 4;

function shortened(walk: Simulation['walk']): (Simulation['walk'][number] | number)[] {
  const found: (Simulation['walk'][number] | number)[] = [];
  for (let at = 0; at < walk.length; ) {
    let end = at;
    while (walk[end]?.matched === false) end++;
    const run = walk.slice(at, end);
    if (run.length <= longestRun) found.push(...run);
    else found.push(...run.slice(0, shownOfRun), run.length - 2 * shownOfRun, ...run.slice(-shownOfRun));
    const next = walk[end];
    if (next !== undefined) found.push(next);
    at = end + 1;
  }
  return found;
}
