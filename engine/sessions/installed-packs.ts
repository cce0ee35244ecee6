import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HookpointError } from '../contract/error.ts';
import { installArchive } from '../packs/index.ts';
import { createHome, type Home } from './home.ts';
import { packPlaces } from './pack-places.ts';
import { readPack } from './read-packs.ts';

type Installed = Awaited<ReturnType<typeof installArchive>>;

export interface InstallPackOptions {
  /** What people call the file, where its path is not theirs. */
  readonly named?: string;
  /** Install a pack with the id of one that comes with Hookpoint: its labs hide the shipped ones. */
  readonly replaceShipped?: boolean;
}

/**
 * Installs an archive in the home. BAD_INPUT for what is no archive, and for a pack with the id of one that comes with Hookpoint, unless
 * that is asked for; PACK_INVALID, DISK_FULL, STORE_FAILED.
 */
export async function installPack(home: Home, archive: string, options: InstallPackOptions = {}): Promise<Installed> {
  createHome(home);
  return installArchive(archive, home.packs, {
    ...(options.named === undefined ? {} : { named: options.named }),
    admit: async ({ manifest: { id, version } }) => {
      const shipped = packPlaces(home).find((place) => place.id === id && place.installed === null);
      if (shipped === undefined || options.replaceShipped) return;
      const own = await readPack(shipped.folder);
      const labs = own.labs.map((lab) => lab.id).join(', ');
      throw new HookpointError(
        'BAD_INPUT',
        `The pack ${id} ${version} has the id of a pack that comes with Hookpoint.`,
        {
          remedy: `Give it an id of its own in pack.yaml. \`hookpoint pack install --replace-shipped\` takes it all the same: it then stands in place of the labs ${labs}, until it is removed.`,
        },
      );
    },
  });
}

/** Installs an archive that came as bytes; `name` is what its file was called. Fails as `installPack` does. */
export async function installUpload(home: Home, name: string, bytes: Buffer): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'hookpoint-upload-'));
  try {
    const archive = join(folder, 'upload.hookpack');
    await writeFile(archive, bytes, { mode: 0o600 }).catch((error: unknown) => {
      throw uploadFailure(folder, error);
    });
    return await installPack(home, archive, { named: basename(name) });
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

/** The installed version that is meant where none is named: the only one. NOT_FOUND where there is none, USAGE where there are several. */
export function onlyInstalledVersion(home: Home, id: string): string {
  const versions = packPlaces(home).flatMap((one) => (one.id === id && one.installed !== null ? [one.installed] : []));
  const [only, ...more] = versions;
  if (only !== undefined && more.length === 0) return only;
  if (only === undefined) {
    throw new HookpointError('NOT_FOUND', `No version of the pack ${id} is installed.`, {
      remedy: 'Packs that come with Hookpoint stay; `hookpoint pack list` shows what is installed.',
    });
  }
  throw new HookpointError('USAGE', `Several versions of the pack ${id} are installed: ${versions.join(', ')}.`, {
    remedy: 'Say which one.',
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
