import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { pack as tarPack } from 'tar-stream';
import { writeFailure } from '../contract/write-failure.ts';
import type { ArchiveEntry } from './read-archive.ts';

/** A tar of these files in their order, with nothing of this machine in it, compressed by zstd. Same input, same bytes. */
export async function archiveOf(
  entries: Iterable<ArchiveEntry> | AsyncIterable<ArchiveEntry>,
  level = 19,
): Promise<Buffer> {
  const tar = tarPack();
  const whole = buffer(tar);
  for await (const { path, content } of entries) {
    const fixed = { mtime: new Date(0), mode: 0o644, uid: 0, gid: 0, uname: '', gname: '' };
    tar.entry({ name: path, type: 'file', size: content.length, ...fixed }, content);
  }
  tar.finalize();
  return promisify(zstdCompress)(await whole, { params: { [constants.ZSTD_c_compressionLevel]: level } });
}

/** Writes a file whole or not at all. BAD_INPUT, DISK_FULL. */
export async function writeWhole(file: string, bytes: Buffer, mode = 0o644): Promise<void> {
  // Beside its final name, so that the rename is one step and a full disk leaves no half file.
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, bytes, { mode, flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    throw writeFailure(file, error);
  } finally {
    await rm(temporary, { force: true });
  }
}
