import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectPack, invalidPack } from './inspect.ts';
import { listPackFiles, type PackFiles } from './pack-files.ts';
import type { ArchiveEntry } from './read-archive.ts';
import { archiveOf, writeWhole } from './write-archive.ts';

export interface BuiltArchive {
  readonly id: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a pack's folder as one file: tar with sorted names and nothing of this machine in it, compressed by zstd. Same input, same
 * bytes. PACK_INVALID where `pack lint` would find anything, BAD_INPUT or DISK_FULL where the file cannot be written.
 */
export async function buildArchive(folder: string, out: string): Promise<BuiltArchive> {
  const { pack, errors, lint } = await inspectPack(folder);
  if (!pack || lint.length > 0) throw invalidPack(folder, [...errors, ...lint]);
  const bytes = await archiveOf(filesOf(await listPackFiles(folder)));
  await writeWhole(out, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { id: pack.manifest.id, version: pack.manifest.version, file: out, bytes: bytes.length, sha256 };
}

/** What a pack holds, as one hash: the same for a folder, a copy of it and its archive. */
export async function packDigest(folder: string): Promise<string> {
  const files = await listPackFiles(folder);
  const hash = createHash('sha256');
  for (const path of files.paths) {
    const content = await readFile(join(folder, path));
    hash.update(`${Buffer.byteLength(path)}:${path}${content.length}:`).update(content);
  }
  return hash.digest('hex');
}

async function* filesOf(files: PackFiles): AsyncGenerator<ArchiveEntry> {
  for (const path of [...files.paths].sort()) yield { path, content: await readFile(join(files.folder, path)) };
}
