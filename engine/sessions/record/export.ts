import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HookpointError } from '../../contract/error.ts';
import type { Report } from '../../contract/report.ts';
import { readTimelineFile } from '../../observe/read-timeline.ts';
import { type ArchiveEntry, archiveOf, packDigest, writeWhole } from '../../packs/index.ts';
import type { SessionRow, Store } from '../store.ts';
import { withShell } from '../with-shell.ts';
import type { Workspace } from '../workspace.ts';
import { readKeptTimeline } from './kept-timeline.ts';
import { fileSizes, terminalsFolder } from './record-folder.ts';
import { largestJson, type Manifest } from './session-file.ts';

export interface Exported {
  readonly file: string;
  readonly bytes: number;
  /** Names of recordings, without their ending. */
  readonly terminals: readonly string[];
  readonly answers: number;
  /** Why the file cannot be graded: nothing of the timeline is there any more. */
  readonly withoutTimeline: string | null;
}

/**
 * Writes what is kept of a session as one file: its timeline, answers, verdicts and terminals. The file is whole or not there. DISK_FULL,
 * BAD_INPUT where it cannot be written.
 */
export async function exportSession(
  workspace: Workspace,
  session: SessionRow,
  request: { readonly file: string; readonly engine: string },
  signal?: AbortSignal,
): Promise<Exported> {
  const { home, store } = workspace;
  const timeline = await timelineOf(workspace, session, signal);
  const answers = store.givenAnswers(session.id);
  const manifest: Manifest = {
    format: 1,
    pack: session.pack,
    digest: existsSync(session.source) ? await packDigest(session.source) : null,
    lab: session.lab,
    seed: session.seed,
    engine: request.engine,
  };
  const folder = terminalsFolder(home, session.id);
  const casts = [...fileSizes(folder).keys()].filter((name) => name.endsWith('.cast')).sort();
  const entries: ArchiveEntry[] = [
    jsonEntry('manifest.json', manifest),
    { path: 'timeline.ndjson', content: Buffer.from(timeline ?? '') },
    jsonEntry('answers.json', answers.slice(-5000)),
    jsonEntry('verdicts.json', verdictsOf(store, session)),
  ];
  for (const name of casts) entries.push({ path: `terminals/${name}`, content: await readFile(join(folder, name)) });
  const bytes = await archiveOf(entries, 9);
  signal?.throwIfAborted();
  await writeWhole(request.file, bytes, 0o600);
  return {
    file: request.file,
    bytes: bytes.length,
    terminals: casts.map((name) => name.slice(0, -'.cast'.length)),
    answers: answers.length,
    withoutTimeline: timeline === null ? `The timeline of ${session.id} went with its container.` : null,
  };
}

async function timelineOf(workspace: Workspace, session: SessionRow, signal?: AbortSignal): Promise<string | null> {
  if (session.status === 'stopped') return await readKeptTimeline(workspace.home, session.id);
  try {
    return await withShell(workspace, session, signal, (run) => readTimelineFile(run, signal ? { signal } : {}));
  } catch (error) {
    if (error instanceof HookpointError && error.code === 'SESSION_LOST') return null;
    throw error;
  }
}

/** The latest, as many as there is room for. */
function verdictsOf(store: Store, session: SessionRow): readonly { time: number; report: Report }[] {
  const kept: { time: number; report: Report }[] = [];
  let bytes = 0;
  for (const { time, report } of store.reports(session.id).slice(0, 20)) {
    bytes += Buffer.byteLength(JSON.stringify(report)) + 64;
    if (bytes > largestJson / 2) break;
    kept.push({ time, report });
  }
  return kept;
}

const jsonEntry = (path: string, value: unknown): ArchiveEntry => ({
  path,
  content: Buffer.from(JSON.stringify(value)),
});
