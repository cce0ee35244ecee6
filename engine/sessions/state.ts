import { readTimeline } from '../observe/read-timeline.ts';
import { snapshotNodes } from '../observe/snapshot-nodes.ts';
import type { Timeline } from '../observe/timeline.ts';
import type { SessionRow, Snapshots } from './store.ts';
import { withShell } from './with-shell.ts';
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
