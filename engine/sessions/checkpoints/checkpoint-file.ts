import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { HookpointError } from '../../contract/error.ts';
import type { Home } from '../home.ts';
import type { CheckpointRow, Store } from '../store.ts';

/** What one session's checkpoints may take on the disk together. */
export const mostBytes = 256 << 20;

/** A checkpoint unpacked: 64 MB of files for each of many nodes, and the timeline. Whatever is larger is none of ours. */
const mostUnpacked = 2 * 1024 ** 3;

const suffix = '.tar.zst';
const unfinished = '.partial';

/** A file that stands in its place, whole. */
export interface WrittenFile {
  readonly digest: string;
  readonly bytes: number;
}

const folderOf = (home: Home, session: string): string => join(home.checkpoints, session);

const pathOf = (home: Home, session: string, digest: string): string =>
  join(folderOf(home, session), `${digest}${suffix}`);

/**
 * Writes a tar stream, compressed, to a file that is named by its digest: beside its place first, synced, then renamed. After any failure,
 * or a kill, what was there is as it was. DISK_FULL, STORE_FAILED; LIMIT_REACHED where it grows beyond what a session may take.
 */
export async function writeCheckpointFile(home: Home, session: string, archive: Readable): Promise<WrittenFile> {
  const folder = folderOf(home, session);
  const partial = join(folder, `${randomBytes(8).toString('hex')}${unfinished}`);
  try {
    mkdirSync(home.checkpoints, { mode: 0o700, recursive: existsSync(home.folder) });
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(bytes > mostBytes ? tooLarge(session) : null, chunk);
      },
    });
    const compressed = createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    await pipeline(archive, compressed, counted, createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }));
    const digest = hash.digest('hex');
    await rename(partial, pathOf(home, session, digest));
    await syncFolder(folder);
    return { digest, bytes };
  } catch (error) {
    archive.destroy();
    await rm(partial, { force: true });
    throw fileFailure(folder, error);
  }
}

/**
 * The file's content as a tar stream, after it was read once and found to be what was written. BAD_INPUT where it is gone or damaged.
 */
export async function readCheckpointFile(home: Home, checkpoint: CheckpointRow): Promise<Readable> {
  const path = pathOf(home, checkpoint.session, checkpoint.digest);
  if (!existsSync(path)) throw unusable(checkpoint, `its file ${path} is gone`);
  try {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    if (hash.digest('hex') !== checkpoint.digest) throw unusable(checkpoint, `its file ${path} is damaged`);
  } catch (error) {
    throw fileFailure(path, error);
  }
  let unpacked = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unpacked += chunk.length;
      done(
        unpacked > mostUnpacked ? unusable(checkpoint, 'it unpacks to more than a checkpoint can hold') : null,
        chunk,
      );
    },
  });
  // Failures come to whoever reads the last stream.
  pipeline(createReadStream(path), createZstdDecompress(), bounded).catch(() => undefined);
  return bounded;
}

/** Removes the files of a session that no row names: of dropped checkpoints, and what a killed process left. Under the session's lock. */
export function removeUnnamedFiles(home: Home, store: Store, session: string): void {
  const folder = folderOf(home, session);
  if (!existsSync(folder)) return;
  const named = new Set(store.checkpoints(session).map(({ digest }) => `${digest}${suffix}`));
  const files = readdirSync(folder);
  for (const file of files) if (!named.has(file)) rmSync(join(folder, file), { force: true });
  if (named.size === 0) rmSync(folder, { force: true, recursive: true });
}

/** Sessions that have a folder of checkpoints. */
export function sessionsWithFiles(home: Home): readonly string[] {
  if (!existsSync(home.checkpoints)) return [];
  return readdirSync(home.checkpoints).filter((name) => statSync(folderOf(home, name)).isDirectory());
}

/** A rename is on the disk when its folder is. Windows opens no folder, and its file systems write renames in order. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function tooLarge(session: string): HookpointError {
  return new HookpointError('LIMIT_REACHED', `A checkpoint of ${session} takes more than ${mostBytes >> 20} MB.`, {
    remedy: 'Remove large files from the nodes, then save again.',
  });
}

function unusable({ session, name }: CheckpointRow, why: string): HookpointError {
  return new HookpointError('BAD_INPUT', `The checkpoint ${name} of ${session} cannot be read: ${why}.`, {
    remedy: `\`hookpoint checkpoint ${session} --list\` shows the others; \`hookpoint start --resume ${session} --fresh\` begins anew.`,
  });
}

function fileFailure(path: string, error: unknown): unknown {
  if (error instanceof HookpointError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HookpointError('DISK_FULL', `The disk is full: no checkpoint can be written below ${path}.`, {
      remedy: 'Free some space, or remove checkpoints that you do not need. Those that are there are as they were.',
      cause: error,
    });
  }
  if (typeof code !== 'string') return error;
  return new HookpointError('STORE_FAILED', `The checkpoint cannot be kept below ${path}: ${errorText(error)}.`, {
    remedy: 'Make the folder yours and writable, or set HOOKPOINT_HOME to another folder.',
    cause: error,
  });
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
