import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { HookpointError, type Problem } from '../contract/error.ts';
import { packDigest } from './archive-build.ts';
import { inspectPack, invalidPack } from './inspect.ts';
import { limits } from './limits.ts';
import type { Pack } from './pack.ts';
import { limitFor } from './pack-files.ts';
import { type ArchiveRules, readArchive, refusedArchive } from './read-archive.ts';

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
  const entries = await readArchive(archive, named, rules);
  const temporary = join(packs, `.installing-${randomBytes(6).toString('hex')}`);
  try {
    for (const { path, content } of entries) {
      const target = join(temporary, path);
      await mkdir(dirname(target), { recursive: true }).catch((error: unknown) => {
        throw writeFailure(packs, error);
      });
      // wx: two entries that a file system takes for one name (a, A) fail instead of one hiding the other.
      await writeFile(target, content, { flag: 'wx', mode: 0o644 }).catch((error: unknown) => {
        throw isCode(error, 'EEXIST')
          ? refusedArchive(named, rules, `holds '${path}' twice`)
          : writeFailure(packs, error);
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

const rules: ArchiveRules = {
  kind: 'archive of a pack',
  remedy: 'Build it again with `hookpoint pack build`, or ask who gave it to you.',
  missing: 'Name a .hookpack file.',
  folder: 'Build the archive first with `hookpoint pack build FOLDER`, and install that.',
  archiveBytes: limits.archiveBytes,
  unpackedBytes: limits.packBytes,
  files: limits.files,
  limitFor,
};

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
