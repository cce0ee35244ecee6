import { Command } from 'commander';
import { type ConnectionChanges, translated } from '../../engine/observe/connections.ts';
import { watchSessionConnections } from '../../engine/sessions/connections.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { wholeNumber } from '../whole-number.ts';
import { ConnectionLog, connectionsText } from './conntrack-text.ts';

interface Options {
  readonly watch?: boolean;
  readonly filter?: string;
  readonly limit: number;
  readonly json?: boolean;
}

export function conntrackCommand(): Command {
  return new Command('conntrack')
    .argument('[session]', 'may be left out where one session is running')
    .argument('[node]', 'may be left out where the lab has one')
    .option('--watch', 'go on: a line whenever a connection begins, changes or ends')
    .option('--filter <words>', 'those that have all of these words: tcp, 10.0.0.2, 10.0.0.2:80, unreplied, mark=1')
    .option('--limit <n>', 'the newest so many', wholeNumber, 1000)
    .option('--json', 'print connections as JSON; with --watch one line for each change')
    .addHelpText('after', help)
    .action(async (sessionText: string | undefined, nodeText: string | undefined, options: Options) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, sessionText);
      const node = findNode(session, nodeText);
      const { watch, filter = '', limit, json } = options;
      const colours = coloursFor(process.stdout);
      const log = new ConnectionLog();
      const changes = watchSessionConnections(workspace, session, { node, filter, limit }, signal);
      for await (const change of changes) {
        if (json) {
          if (watch) print(JSON.stringify(changesJson(change)));
          else printJson(changesJson(change));
        } else if (log.isFirst) print(connectionsText(change, node, colours));
        const lines = log.take(change, colours);
        if (!watch) return;
        if (!json) for (const line of lines) print(line);
      }
    });
}

const changesJson = ({ changed, ...rest }: ConnectionChanges) => ({
  ...rest,
  changed: changed.map((one) => ({ ...one, translated: translated(one) })),
});

const help = `
What the kernel remembers of each connection on that node: the first packet as it came, and where NAT rewrote it, what it became. An answer takes the same
way back. A connection without an answer is "unreplied"; the time is how long it stays if nothing more comes.
A node tracks connections only where some rule asks for it (-m conntrack, the nat table).

Examples:
  hookpoint conntrack masquerade-7k2f router
  hookpoint conntrack masquerade-7k2f router --filter 'tcp :80'
  hookpoint conntrack masquerade-7k2f router --watch
  hookpoint conntrack masquerade-7k2f router --json`;
