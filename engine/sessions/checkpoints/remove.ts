import { HookpointError } from '../../contract/error.ts';
import { tryLock } from '../lock.ts';
import type { CheckpointRow, SessionRow } from '../store.ts';
import type { Workspace } from '../workspace.ts';
import { removeUnnamedFiles } from './checkpoint-file.ts';
import { findCheckpoint } from './restore.ts';

/** Removes one checkpoint with its file. NOT_FOUND, SESSION_BUSY where somebody saves or restores at this moment. */
export function removeCheckpoint(
  workspace: Pick<Workspace, 'home' | 'store'>,
  session: SessionRow,
  name: string,
): CheckpointRow {
  const { home, store } = workspace;
  using held = tryLock(home, session.id);
  if (!held) {
    throw new HookpointError('SESSION_BUSY', `Another command is working on ${session.id}.`, {
      remedy: 'Wait for it or end it, then try again.',
    });
  }
  const checkpoint = findCheckpoint(workspace, session, name);
  store.removeCheckpoint(checkpoint.id);
  removeUnnamedFiles(home, store, session.id);
  return checkpoint;
}
