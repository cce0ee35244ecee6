import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { pack as tarPack } from 'tar-stream';
import { writeFailure } from '../contract/write-failure.ts';
import { inspectPack, invalidPack } from './inspect.ts';
import { listPackFiles, type PackFiles } from './pack-files.ts';

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
  const bytes = await archiveBytes(await listPackFiles(folder));
  // Beside its final name, so that the rename is one step and a full disk leaves no half file.
  const temporary = `${out}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, out);
  } catch (error) {
    throw writeFailure(out, error);
  } finally {
    await rm(temporary, { force: true });
  }
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

async function archiveBytes(files: PackFiles): Promise<Buffer> {
  const tar = tarPack();
  const whole = buffer(tar);
  for (const path of [...files.paths].sort()) {
    const content = await readFile(join(files.folder, path));
    const fixed = { mtime: new Date(0), mode: 0o644, uid: 0, gid: 0, uname: '', gname: '' };
    tar.entry({ name: path, type: 'file', size: content.length, ...fixed }, content);
  }
  tar.finalize();
  return promisify(zstdCompress)(await whole, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
}
