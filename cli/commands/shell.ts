import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { openNodeTerminal } from '../../engine/sessions/terminal.ts';
import { openWorkspace, type Workspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { runStreamed } from '../run-streamed.ts';

export function shellCommand(): Command {
  return new Command('shell')
    .argument('[session]', 'may be left out where one session is running')
    .argument('[node]', 'may be left out where the lab has one node')
    .option('--json', 'not for a shell: exec has it')
    .addHelpText(
      'after',
      `
Leave it with exit or Ctrl-D. Ctrl-C goes to the lab.

Examples:
  hookpoint shell
  hookpoint shell redirect-7k2f host
  hookpoint shell redirect-7k2f host < script.sh`,
    )
    .action(async (first: string | undefined, second: string | undefined, options: { json?: boolean }) => {
      if (options.json) {
        throw new HookpointError('USAGE', 'A shell has no JSON.', {
          remedy: 'Use `hookpoint exec SESSION NODE --json -- COMMAND`.',
        });
      }
      // Aborted by SIGTERM and SIGHUP: the shell is then hung up. Ctrl-C never gets here, since the terminal is raw.
      const terminal = process.stdin.isTTY && process.stdout.isTTY;
      const signal = terminal ? interruptSignal() : undefined;
      await using workspace = await openWorkspace(signal ? { signal } : {});
      const { session, node } = place(workspace, first, second);
      process.exitCode = terminal
        ? await openNodeTerminal(workspace, session, node, { input: process.stdin, output: process.stdout }, signal)
        : await runStreamed(workspace, session, node, ['/bin/bash', '-l']);
    });
}

/** `shell NODE` is understood where one session is running: nobody wants to type its id. */
function place({ store }: Workspace, first: string | undefined, second: string | undefined) {
  if (first !== undefined && second === undefined) {
    const open = store.sessions().filter(({ status }) => status === 'running');
    const only = open.length === 1 ? open[0] : undefined;
    if (only && first in only.instance.topology.nodes) return { session: only, node: first };
  }
  const session = findSession(store, first);
  return { session, node: findNode(session, second) };
}
