import { asHookpointError, type HookpointError } from '../contract/error.ts';
import { removeUnnamedFiles } from './checkpoints/checkpoint-file.ts';
import { saveIfChanged } from './checkpoints/save.ts';
import { restoreHostLog } from './host-log.ts';
import { lock } from './lock.ts';
import { keepTimeline } from './record/kept-timeline.ts';
import type { CheckpointRow, SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

export interface Stopped {
  /** Where `start --resume` goes on; null where nothing had changed since the newest one, or the container was lost. */
  readonly checkpoint: CheckpointRow | null;
  /** Why what was there could not be saved. */
  readonly saveFailure: HookpointError | null;
}

/**
 * Ends a session: its container is gone when this is done. What it held is saved first, where anything changed and `save` does not say
 * otherwise; where that fails it is ended all the same. A lost one is ended as well.
 */
export async function stopSession(
  workspace: Workspace,
  session: SessionRow,
  options: { readonly save?: boolean | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Stopped> {
  const { home, store, runtime } = workspace;
  const { save = true, signal } = options;
  let stopped: Stopped = { checkpoint: null, saveFailure: null };
  {
    using _held = await lock(home, session.id, { signal });
    // It may have been resumed while we waited: the container that it has now is the one to end.
    const current = store.session(session.id);
    if (current?.status !== 'running') return stopped;
    const saving = save && current.restoring === null ? saveLast(workspace, current, signal) : stopped;
    const [saved] = await Promise.all([saving, keepTimeline(workspace, current, signal)]);
    stopped = saved;
    await runtime.container(current.container).remove();
    store.endSession(current.id, 'stopped');
    removeUnnamedFiles(home, store, current.id);
  }
  await restoreHostLog(workspace, signal);
  return stopped;
}

async function saveLast(workspace: Workspace, session: SessionRow, signal: AbortSignal | undefined): Promise<Stopped> {
  try {
    return { checkpoint: await saveIfChanged(workspace, session, 'stop', signal), saveFailure: null };
  } catch (error) {
    signal?.throwIfAborted();
    const failure = asHookpointError(error);
    return { checkpoint: null, saveFailure: failure.code === 'SESSION_LOST' ? null : failure };
  }
}
