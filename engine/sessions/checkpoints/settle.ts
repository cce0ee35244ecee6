import { HookpointError } from '../../contract/error.ts';
import type { RunScript } from '../../runtime/container.ts';
import { tryLock } from '../lock.ts';
import type { SessionRow } from '../store.ts';
import type { Workspace } from '../workspace.ts';
import { restoreEnd } from './container-scripts.ts';

/** A restore that nobody masters any more ends by itself within this. */
const patience = 210_000;

/**
 * Whoever brought something back was killed: its script in the container went on by itself, and what came of it counts. True where it
 * ended well; the session is then as it was asked for. Under the session's lock.
 */
export async function settleRestore({ store }: Workspace, session: SessionRow, run: RunScript): Promise<boolean> {
  const { exitCode } = await run(restoreEnd, { timeout: patience });
  if (exitCode !== 0) return false;
  store.changeRestoring(session.id, null);
  return true;
}

/**
 * For whoever works with a session: says when something was brought back and cut short, so that nobody takes half of it for the whole.
 * Where somebody is at work on the session, that is theirs to see to. NODE_FAILED.
 */
export async function failWhenCutShort(workspace: Workspace, session: SessionRow, run: RunScript): Promise<void> {
  const { home, store } = workspace;
  if (store.session(session.id)?.restoring === null) return;
  using held = tryLock(home, session.id);
  const current = store.session(session.id);
  if (!held || !current || current.restoring === null || (await settleRestore(workspace, current, run))) return;
  throw cutShort(current);
}

export function cutShort({ id, restoring }: SessionRow): HookpointError {
  return new HookpointError(
    'NODE_FAILED',
    `Going back (${restoring}) was cut short in ${id}: its nodes are neither the old nor the new.`,
    {
      remedy: `\`hookpoint restore ${id}\` brings the newest checkpoint back, \`hookpoint reset ${id}\` the start.`,
    },
  );
}
