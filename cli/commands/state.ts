import { Command } from 'commander';
import type { NodeSnapshot } from '../../engine/observe/snapshot.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { readState } from '../../engine/sessions/state.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain } from '../output/text.ts';

export function stateCommand(): Command {
  return new Command('state')
    .argument('[session]', 'may be left out where one session is running')
    .option('--node <node>', 'the node; may be left out where the lab has one')
    .option('--json', 'print the snapshot as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  hookpoint state masquerade-7k2f --node router\n  hookpoint state masquerade-7k2f --node router --json',
    )
    .action(async (text: string | undefined, options: { node?: string; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const node = findNode(session, options.node);
      const snapshot = (await readState(workspace, session, [node], signal))[node];
      if (!snapshot) throw new Error(`no snapshot of ${node}`);
      if (options.json) printJson(snapshot);
      else print(stateText(snapshot, coloursFor(process.stdout)));
    });
}

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
      'listeners',
      snapshot.listeners.map((one) => [
        one.protocol,
        `${one.address.includes(':') ? `[${one.address}]` : one.address}:${one.port}`,
      ]),
    ),
    ...section(
      'connections',
      snapshot.conntrack.map((flow) => [
        flow.protocol,
        flow.state ?? '-',
        `${end(flow.original.source, flow.original.sourcePort)} > ${end(flow.original.destination, flow.original.destinationPort)}`,
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
    ...section(
      'could not be read',
      snapshot.problems.map((one) => [one.section, one.message]),
    ),
  ].join('\n');
}

const end = (address: string, port: number | null): string => (port === null ? address : `${address}:${port}`);

const indented = (text: string): string => text.replace(/^/gm, '  ');
