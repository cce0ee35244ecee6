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
  type WalkStep,
} from '../../engine/netfilter/index.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain, textWidth, wrap } from '../output/text.ts';
import { readHostState } from './rules-host-state.ts';
import { type FamilyOptions, fileHelp, readRuleset, readText, withFamily } from './rules-input.ts';

interface ExplainOptions extends FamilyOptions {
  readonly packet?: string;
  readonly packets?: string;
  readonly hook: Hook;
  readonly state?: string;
  readonly json?: boolean;
}

export function explainCommand(): Command {
  return withFamily(new Command('explain'))
    .description('walk packets through a ruleset and say which rule decides')
    .argument('<file>', fileHelp)
    .option('--packet <text>', "the packet, as 'in=eth0 src=10.0.0.2 proto=tcp dport=80 state=new'")
    .addOption(
      new Option('--packets <file>', 'packets, one a line, - for stdin; prints one JSON line each').conflicts('packet'),
    )
    .addOption(new Option('--hook <hook>', 'where its way begins').choices(hooks).makeOptionMandatory())
    .option('--state <snapshot>', "the host's addresses, routes and sysctls, as `hookpoint state --json` prints them")
    .option('--json', 'print the verdict, the rewrites and the walk as JSON')
    .addHelpText('after', help)
    .action(async (file: string, options: ExplainOptions) => {
      if ([file, options.packets, options.state].filter((name) => name === '-').length > 1) {
        throw new HookpointError('USAGE', 'only one file can come from stdin', {
          remedy: 'Name files for the others.',
        });
      }
      const { ruleset } = await readRuleset(file, options);
      const state = options.state === undefined ? undefined : await readHostState(options.state);
      const walk = (packet: Packet) =>
        simulate({ ruleset, packet, hook: options.hook, ...(state === undefined ? {} : { state }) });
      for (const packet of await readPackets(options, ruleset.family)) {
        const simulation = walk(packet);
        if (options.packets !== undefined) print(JSON.stringify(jsonOf(simulation)));
        else if (options.json) printJson(jsonOf(simulation));
        else print(textOf(simulation, coloursFor(process.stdout)));
      }
    });
}

const help = `
Keys of a packet: in out src dst proto sport dport flags (as syn,ack) icmp-type icmp-code mark state length ttl.
Without --state a packet with no out is delivered here, and with out it is forwarded. What is left out is unknown.

Examples:
  hookpoint rules explain rules.v4 --hook input --packet 'in=eth0 proto=tcp dport=22 state=new'
  iptables-save | hookpoint rules explain - --hook output --packet 'out=lo dst=127.0.0.1 proto=tcp dport=80 state=new' --json
  hookpoint rules explain rules.v4 --hook forward --packets packets.txt`;

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
    })),
  };
}

const jsonStep = ({ hook, table, chain, rule, matched, why, text, action }: WalkStep) => ({
  hook,
  table,
  chain,
  rule,
  matched,
  why,
  text,
  action,
});

function textOf(simulation: Simulation, colours: Colours): string {
  const rows = simulation.walk.map(({ table: name, chain, rule, matched, text, why, action }) => [
    matched === true ? '->' : matched === null ? '?' : '',
    `${name} ${chain}`,
    rule === 0 ? 'policy' : String(rule),
    plain(rule === 0 ? action : text),
    plain(matched === true ? '' : why),
  ]);
  const colour =
    simulation.verdict === 'accept' ? colours.green : simulation.verdict === 'unknown' ? colours.yellow : colours.red;
  return [
    ...(rows.length === 0 ? [] : [table(rows), '']),
    `${colour(simulation.verdict)}  ${wrap(plain(explainWalk(simulation)), textWidth(), '  ', '').trimStart()}`,
  ].join('\n');
}
