import { type ConnectionChanges, type ConnectionsRequest, watchConnections } from '../observe/connections.ts';
import { lostOr, runningContainer } from './session.ts';
import type { SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

/** The connections that a node tracks, at once and whenever they change, until the signal. NODE_FAILED, SESSION_LOST. */
export async function* watchSessionConnections(
  workspace: Workspace,
  session: SessionRow,
  request: ConnectionsRequest,
  signal?: AbortSignal,
): AsyncGenerator<ConnectionChanges, void> {
  const container = await runningContainer(workspace.runtime, session, signal);
  yield* watchConnections(container, request, {
    signal,
    explain: (error) => lostOr(session, container, error),
  });
}
