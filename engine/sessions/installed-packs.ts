import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HookpointError } from '../contract/error.ts';
import { installArchive } from '../packs/index.ts';
import type { Home } from './home.ts';
import { packPlaces } from './pack-places.ts';

type Installed = Awaited<ReturnType<typeof installArchive>>;

/** Installs an archive that came as bytes; `name` is what its file was called. BAD_INPUT, PACK_INVALID, DISK_FULL, STORE_FAILED. */
export async function installUpload(home: Home, name: string, bytes: Buffer): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'hookpoint-upload-'));
  try {
    const archive = join(folder, 'upload.hookpack');
    await writeFile(archive, bytes, { mode: 0o600 }).catch((error: unknown) => {
      throw uploadFailure(folder, error);
    });
    await mkdir(home.packs, { recursive: true, mode: 0o700 });
    return await installArchive(archive, home.packs, basename(name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function uploadFailure(folder: string, error: unknown): HookpointError {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return new HookpointError(full ? 'DISK_FULL' : 'STORE_FAILED', `The pack cannot be kept in ${folder} to be read.`, {
    remedy: 'Free some space, or set TMPDIR to a folder on another disk.',
    cause: error,
  });
}

/** Removes one installed version of a pack. Sessions that were started from it go on. NOT_FOUND for what is not installed. */
export async function removeInstalled(home: Home, id: string, version: string): Promise<void> {
  const place = packPlaces(home).find((one) => one.id === id && one.installed === version);
  if (!place) {
    throw new HookpointError('NOT_FOUND', `The pack ${id} ${version} is not installed.`, {
      remedy: 'Packs that come with Hookpoint stay.',
    });
  }
  // Under another name first: half a pack would be a broken one.
  const leaving = join(home.packs, `.removing-${randomBytes(6).toString('hex')}`);
  try {
    await rename(place.folder, leaving);
    await rm(leaving, { recursive: true, force: true });
  } catch (error) {
    throw new HookpointError('STORE_FAILED', `The pack ${id} ${version} cannot be removed from ${place.folder}.`, {
      remedy: 'See that the folder can be written.',
      cause: error,
    });
  }
  await rmdir(dirname(place.folder)).catch(() => undefined); // another version stands there
}
