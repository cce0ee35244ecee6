import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import type { NodeSnapshot } from '../../engine/observe/snapshot.ts';
import type { TimelineState } from '../../engine/observe/timeline.ts';
import { type SessionMoment, stateAt } from '../../engine/sessions/moment.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { readSessionTimeline, readState } from '../../engine/sessions/state.ts';
import type { SessionRow, Snapshots } from '../../engine/sessions/store.ts';
import { openWorkspace, type Workspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { clock } from '../output/clock.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { notice, print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain } from '../output/text.ts';
import { readMoment } from '../read-moment.ts';

interface Options {
  readonly node?: string;
  readonly at?: SessionMoment;
  readonly json?: boolean;
}

export function stateCommand(): Command {
  return new Command('state')
    .argument('[session]', 'may be left out where one session is running')
    .option('--node <node>', 'the node; may be left out where the lab has one')
    .option('--at <moment>', 'as it was then: a state (12), a time (16:02:11), or so long ago (5m)', (text) =>
      readMoment(text),
    )
    .option('--json', 'print the snapshot as JSON')
    .addHelpText(
      'after',
      `
\`hookpoint timeline\` numbers the states. At a moment of the past everything is there but the table of connections.

Examples:
  hookpoint state masquerade-7k2f --node router
  hookpoint state masquerade-7k2f --node router --at 12
  hookpoint state masquerade-7k2f --node router --at 16:02:11 --json`,
    )
    .action(async (text: string | undefined, options: Options) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const node = findNode(session, options.node);
      const { nodes, past } = await stateOf(workspace, session, node, options.at, signal);
      const snapshot = nodes[node];
      if (!snapshot) throw new HookpointError('NOT_FOUND', `Nothing was recorded of ${node} then.`);
      if (options.json) printJson(past ? { state: past.index, begun: past.time, ...snapshot } : snapshot);
      else {
        if (past) notice(`state ${past.index}, from ${clock(past.time)} on`);
        print(stateText(snapshot, coloursFor(process.stdout)));
      }
    });
}

async function stateOf(
  workspace: Workspace,
  session: SessionRow,
  node: string,
  moment: SessionMoment | undefined,
  signal: AbortSignal,
): Promise<{ readonly nodes: Snapshots; readonly past: TimelineState | null }> {
  if (!moment) return { nodes: await readState(workspace, session, [node], signal), past: null };
  const past = stateAt(await readSessionTimeline(workspace, session, signal), moment);
  return { nodes: past.nodes, past };
}

/** What labs are about most; --json has all that is read. */
const shownSysctls = [
  'net.ipv4.ip_forward',
  'net.ipv6.conf.all.forwarding',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.conf.all.route_localnet',
];

/** A node that was scanned has thousands. */
const mostConnections = 20;

function stateText(snapshot: NodeSnapshot, colours: Colours): string {
  const section = (title: string, rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : [colours.bold(title), indented(table(rows.map((row) => row.map(plain))))];
  return [
    ...section(
      'addresses',
      snapshot.addresses.map((one) => [one.interface, `${one.address}/${one.prefix}`]),
    ),
    ...section(
      'routes',
      snapshot.routes
        .filter((route) => route.table === 'main')
        .map((route) => [
          route.destination,
          route.via === null ? 'direct' : `via ${route.via}`,
          route.interface ?? '-',
        ]),
    ),
    ...section(
      'sysctls',
      shownSysctls.flatMap((name) => {
        const value = snapshot.sysctls[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    ...section(
      'listeners',
      snapshot.listeners.map((one) => [
        one.protocol,
        `${one.address.includes(':') ? `[${one.address}]` : one.address}:${one.port}`,
      ]),
    ),
    ...snapshot.rulesets.flatMap(({ family, backend, text }) => [
      colours.bold(`${family === 'ipv4' ? 'iptables' : 'ip6tables'} (${backend})`),
      indented(plain(text.trim())),
    ]),
    ...section(
      'nft tables',
      snapshot.nftTables.map((one) => [one.family, one.name]),
    ),
    ...section(
      'ipsets',
      snapshot.ipsets.map((one) => [one.name, one.type, `${one.entries.length} entries`]),
    ),
    ...section('connections', [
      ...snapshot.conntrack
        .slice(0, mostConnections)
        .map((flow) => [
          flow.protocol,
          flow.state ?? '-',
          `${end(flow.original.source, flow.original.sourcePort)} > ${end(flow.original.destination, flow.original.destinationPort)}`,
        ]),
      ...(snapshot.conntrack.length > mostConnections
        ? [[`and ${snapshot.conntrack.length - mostConnections} more, which --json has`]]
        : []),
    ]),
    ...section(
      'could not be read',
      snapshot.problems.map((one) => [one.section, one.message]),
    ),
  ].join('\n');
}

const end = (address: string, port: number | null): string => (port === null ? address : `${address}:${port}`);

const indented = (text: string): string => text.replace(/^/gm, '  ');
