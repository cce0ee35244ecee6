import type { Container } from '../runtime/container.ts';
import {
  attachStreams,
  attachTerminal,
  type CallerTerminal,
  type KeptTerminal,
  type StreamedCommand,
} from '../terminals/attach.ts';
import { execArgv, loginShell } from '../topology/index.ts';
import { recordSessionTerminal } from './record/record-session-terminal.ts';
import { lostOr, runningContainer } from './session.ts';
import type { SessionRow } from './store.ts';
import { keepCommands } from './terminal-commands.ts';
import type { Workspace } from './workspace.ts';

/** A login shell of a node on the caller's terminal; its exit code. SESSION_LOST. */
export async function openNodeTerminal(
  { home, runtime, store }: Workspace,
  session: SessionRow,
  node: string,
  terminal: CallerTerminal,
  signal?: AbortSignal,
): Promise<number> {
  const container = await runningContainer(runtime, session, signal);
  const kept: KeptTerminal = {
    follower: keepCommands(store, { session, node, terminal: `cli-${process.pid}` }),
    record: (size) => recordSessionTerminal({ home, store }, { session: session.id, node, size }),
  };
  return orLost(session, container, () =>
    attachTerminal(container, execArgv(node, loginShell, { terminal: true }), terminal, signal, kept),
  );
}

/** Says what is no command as shells do, with their 127; what is one takes the shell's place. runc's own words are a log line and 255. */
const orNotFound =
  'command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || { printf "%s: command not found\\n" "$1" >&2; exit 127; }; exec "$@"';

/** A command of a node with the caller's streams; 127 where there is no such command. SESSION_LOST. */
export async function runInNode(
  { runtime }: Workspace,
  session: SessionRow,
  node: string,
  argv: readonly string[],
  streams: Parameters<typeof attachStreams>[2],
): Promise<StreamedCommand> {
  const container = await runningContainer(runtime, session);
  const started = execArgv(node, ['/bin/sh', '-c', orNotFound, 'sh', ...argv]);
  const command = await orLost(session, container, () => attachStreams(container, started, streams));
  return { ...command, exited: orLost(session, container, () => command.exited) };
}

async function orLost<Result>(session: SessionRow, container: Container, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw await lostOr(session, container, error);
  }
}
