import { readTimeline } from '../observe/read-timeline.ts';
import { openShell } from '../observe/resident-shell.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { Timeline } from '../observe/timeline.ts';
import type { RunScript } from '../runtime/container.ts';
import { lostOr, runningContainer } from './session.ts';
import type { SessionRow, Snapshots } from './store.ts';
import type { Workspace } from './workspace.ts';

/** The network state of these nodes now. SESSION_LOST. */
export function readState(
  workspace: Workspace,
  session: SessionRow,
  nodes: readonly string[],
  signal?: AbortSignal,
): Promise<Snapshots> {
  return withShell(workspace, session, signal, (run) => snapshotNodes(run, nodes, signal ? { signal } : {}));
}

/** Everything that happened in a session until now. SESSION_LOST. */
export function readSessionTimeline(
  workspace: Workspace,
  session: SessionRow,
  signal?: AbortSignal,
): Promise<Timeline> {
  return withShell(workspace, session, signal, (run) => readTimeline(run, signal ? { signal } : {}));
}

/** Runs something in the session's outer container through a resident shell. SESSION_LOST where the container is the trouble. */
export async function withShell<Result>(
  { runtime }: Workspace,
  session: SessionRow,
  signal: AbortSignal | undefined,
  work: (run: RunScript) => Promise<Result>,
): Promise<Result> {
  const container = await runningContainer(runtime, session, signal);
  try {
    await using shell = await openShell(container, signal);
    return await work(shell.run);
  } catch (error) {
    throw await lostOr(session, container, error);
  }
}
