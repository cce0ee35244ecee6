import { restoreHostLog } from './host-log.ts';
import { lock } from './lock.ts';
import type { SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

/** Ends a session: its container is gone when this is done. A lost one is ended as well. */
export async function stopSession(workspace: Workspace, session: SessionRow, signal?: AbortSignal): Promise<void> {
  const { home, store, runtime } = workspace;
  {
    using _held = await lock(home, session.id, { signal });
    // It may have been resumed while we waited: the container that it has now is the one to end.
    const current = store.session(session.id);
    if (current?.status !== 'running') return;
    await runtime.container(current.container).remove();
    store.endSession(current.id, 'stopped');
  }
  await restoreHostLog(workspace, signal);
}
