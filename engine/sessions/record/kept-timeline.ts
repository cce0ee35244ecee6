import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { HookpointError } from '../../contract/error.ts';
import { readTimelineFile } from '../../observe/read-timeline.ts';
import { writeWhole } from '../../packs/index.ts';
import type { Home } from '../home.ts';
import type { SessionRow } from '../store.ts';
import { withShell } from '../with-shell.ts';
import type { Workspace } from '../workspace.ts';
import { makeRecordFolder, recordFolder } from './record-folder.ts';
import { largestTimeline } from './session-file.ts';

/** Milliseconds: a lab is stopped whether its timeline can be read or not. */
const patience = 10_000;

const fileOf = (home: Home, session: string): string => join(recordFolder(home, session), 'timeline.ndjson.zst');

/** Keeps the timeline of a session that is about to end, for `export`. What cannot be kept is lost: the session ends all the same. */
export async function keepTimeline(workspace: Workspace, session: SessionRow, signal?: AbortSignal): Promise<void> {
  const { home } = workspace;
  try {
    const given = { timeout: patience, ...(signal ? { signal } : {}) };
    const text = await withShell(workspace, session, signal, (run) => readTimelineFile(run, given));
    if (text.length > largestTimeline) return;
    makeRecordFolder(home, recordFolder(home, session.id));
    await writeWhole(fileOf(home, session.id), await promisify(zstdCompress)(text), 0o600);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof HookpointError) && !(error instanceof Error && 'code' in error)) throw error;
  }
}

/** What was kept; null where nothing was, or it is damaged. */
export async function readKeptTimeline(home: Home, session: string): Promise<string | null> {
  const file = fileOf(home, session);
  if (!existsSync(file)) return null;
  try {
    const bytes = await promisify(zstdDecompress)(await readFile(file), { maxOutputLength: largestTimeline });
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
