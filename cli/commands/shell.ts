import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import type { SessionRow } from '../../engine/sessions/store.ts';
import { openNodeTerminal } from '../../engine/sessions/terminal.ts';
import { openWorkspace, type Workspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { notice } from '../output/print.ts';
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
        ? await onTerminal(workspace, session, node, signal)
        : await runStreamed(workspace, session, node, ['/bin/bash', '-l']);
    });
}

/** Where the session ends under an open shell, its last prompt stands there: a new line says what happened. */
async function onTerminal(workspace: Workspace, session: SessionRow, node: string, signal: AbortSignal | undefined) {
  const streams = { input: process.stdin, output: process.stdout };
  try {
    const exitCode = await openNodeTerminal(workspace, session, node, streams, signal);
    if (exitCode === killed && (await isOver(workspace, session)))
      notice(`\nThe session ${session.id} was stopped, and this shell with it.`);
    return exitCode;
  } catch (error) {
    if (await isOver(workspace, session)) notice('');
    throw error;
  }
}

/** What a shell ends with that was killed, as all are when their container ends. */
const killed = 137;

/** Docker kills a container's processes a moment before it says that the container has ended. */
const patience = 1000;

async function isOver({ runtime }: Workspace, session: SessionRow): Promise<boolean> {
  const container = runtime.container(session.container);
  const end = performance.now() + patience;
  for (;;) {
    const state = await container.state();
    if (state === null || state.status === 'stopped') return true;
    if (performance.now() > end) return false;
    await sleep(50);
  }
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
