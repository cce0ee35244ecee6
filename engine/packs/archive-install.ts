import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { HookpointError, type Problem } from '../contract/error.ts';
import { packDigest } from './archive-build.ts';
import { inspectPack, invalidPack } from './inspect.ts';
import { limits } from './limits.ts';
import type { Pack } from './pack.ts';
import { limitFor } from './pack-files.ts';

export interface InstalledPack {
  readonly id: string;
  readonly version: string;
  readonly folder: string;
  /** The same pack was there before. */
  readonly already: boolean;
}

export interface InstallOptions {
  /** What people call the file, where its path is not theirs. */
  readonly named?: string;
  /** Throws what speaks against a sound pack. */
  readonly admit?: (pack: Pack) => void | Promise<void>;
}

/**
 * Unpacks an archive into PACKS/ID/VERSION. The archive comes from anybody: nothing of it is written before its names and sizes are
 * checked, and nothing stands under its final name before the whole pack was found sound and `admit` let it in. BAD_INPUT or PACK_INVALID
 * otherwise, DISK_FULL or STORE_FAILED where PACKS cannot be written.
 */
export async function installArchive(
  archive: string,
  packs: string,
  { named = archive, admit }: InstallOptions = {},
): Promise<InstalledPack> {
  const entries = await readArchive(archive, named);
  const temporary = join(packs, `.installing-${randomBytes(6).toString('hex')}`);
  try {
    for (const { path, content } of entries) {
      const target = join(temporary, path);
      await mkdir(dirname(target), { recursive: true }).catch((error: unknown) => {
        throw writeFailure(packs, error);
      });
      // wx: two entries that a file system takes for one name (a, A) fail instead of one hiding the other.
      await writeFile(target, content, { flag: 'wx', mode: 0o644 }).catch((error: unknown) => {
        throw isCode(error, 'EEXIST') ? refused(named, `holds '${path}' twice`) : writeFailure(packs, error);
      });
    }
    const { pack, errors } = await inspectPack(temporary);
    if (!pack) throw invalidPack(named, errors.map(withinArchive(temporary)));
    await admit?.(pack);
    const { id, version } = pack.manifest;
    const folder = join(packs, id, version);
    try {
      await mkdir(dirname(folder), { recursive: true });
      await rename(temporary, folder);
      return { id, version, folder, already: false };
    } catch (error) {
      if (!isCode(error, 'ENOTEMPTY') && !isCode(error, 'EEXIST')) throw writeFailure(packs, error);
      if ((await packDigest(folder)) === (await packDigest(temporary))) return { id, version, folder, already: true };
      throw new HookpointError('BAD_INPUT', `Another pack ${id} ${version} is installed already.`, {
        remedy: `Give the pack a new version, or remove ${folder} first.`,
      });
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Where a problem is, as the archive has it: the temporary folder is nobody's business. */
function withinArchive(folder: string): (problem: Problem) => Problem {
  return ({ place, ...problem }) => {
    if (!place) return problem;
    const file = relative(folder, resolve(place.file)).split(sep).join('/');
    return { ...problem, place: { ...place, file } };
  };
}

interface ArchiveEntry {
  readonly path: string;
  readonly content: Buffer;
}

/** The files of an archive, checked, in memory. */
async function readArchive(archive: string, named: string): Promise<readonly ArchiveEntry[]> {
  const found = await stat(archive).catch(() => null);
  if (found === null) {
    throw new HookpointError('NOT_FOUND', `There is no file ${named}.`, { remedy: 'Name a .hookpack file.' });
  }
  if (found.isDirectory()) {
    throw new HookpointError('BAD_INPUT', `${named} is a folder, not the archive of a pack.`, {
      remedy: `Build it first with \`hookpoint pack build ${named}\`, then install the .hookpack file that this writes.`,
    });
  }
  const { size } = found;
  if (size > limits.archiveBytes) throw refused(named, `has ${size} bytes, more than ${limits.archiveBytes}`);
  const most = limits.packBytes + limits.files * 2048 + 4096;
  const tar = await promisify(zstdDecompress)(await readFile(archive).catch(unreadable(named)), {
    maxOutputLength: most,
  }).catch((error: unknown) => {
    if (isCode(error, 'ERR_BUFFER_TOO_LARGE')) throw refused(named, `unpacks to more than ${most} bytes`);
    throw refused(named, 'is no archive of a pack (zstd cannot read it)');
  });
  return readEntries(named, tar);
}

function unreadable(named: string): (error: unknown) => never {
  return (error) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new HookpointError('BAD_INPUT', `The file ${named} cannot be read: ${why}.`, {
      remedy: 'Name a .hookpack file that you may read.',
      cause: error,
    });
  };
}

async function readEntries(archive: string, tar: Buffer): Promise<readonly ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  const names = new Set<string>();
  let total = 0;
  const unpack = extract();
  unpack.end(tar);
  try {
    for await (const entry of unpack) {
      const { header } = entry;
      total += header.size ?? 0;
      const problem = entries.length >= limits.files ? 'holds too many files' : entryProblem(header, names);
      if (problem) throw refused(archive, problem);
      if (total > limits.packBytes) throw refused(archive, 'holds too much');
      entries.push({ path: header.name, content: await buffer(entry) });
    }
  } catch (error) {
    throw error instanceof HookpointError ? error : refused(archive, 'is no archive of a pack (tar cannot read it)');
  }
  return entries;
}

/** Letters, digits and a few marks: what every file system takes, and nothing that any of them reads otherwise. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

function entryProblem(header: Header, names: Set<string>): string | null {
  const { name, type, size } = header;
  if (type !== 'file') return `holds '${name}', a ${type ?? 'thing'}: only plain files are taken`;
  const steps = name.split('/');
  if (name.length > 300 || steps.length > 9 || !steps.every((step) => plainName.test(step))) {
    return `holds the path '${name.slice(0, 100)}', which is not taken`;
  }
  if ((size ?? 0) > limitFor(name)) return `holds '${name}' with ${size} bytes, more than ${limitFor(name)}`;
  const folded = name.toLowerCase();
  if (names.has(folded)) return `holds '${name}' twice`;
  names.add(folded);
  return null;
}

function refused(archive: string, why: string): HookpointError {
  return new HookpointError('BAD_INPUT', `The archive ${archive} ${why}.`, {
    remedy: 'Build it again with `hookpoint pack build`, or ask who gave it to you.',
  });
}

function writeFailure(packs: string, error: unknown): HookpointError {
  if (isCode(error, 'ENOSPC')) {
    return new HookpointError('DISK_FULL', `The disk is full: ${packs} cannot be written.`, {
      remedy: 'Free some space, or set HOOKPOINT_HOME to a folder on another disk.',
      cause: error,
    });
  }
  return new HookpointError('STORE_FAILED', `The pack cannot be written to ${packs}.`, {
    remedy: 'See that the folder can be written, or set HOOKPOINT_HOME to another one.',
    cause: error,
  });
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
