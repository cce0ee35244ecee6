import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HookpointError } from '../contract/error.ts';
import { loadPack, type Pack } from '../packs/index.ts';
import type { Home } from './home.ts';
import { type PackPlace, packPlaces } from './pack-places.ts';

/** A pack where it lies: sound, or why it cannot be read. */
export interface ReadPack {
  readonly place: PackPlace;
  readonly pack: Pack | HookpointError;
}

/** What was read last of each folder. To check a pack takes a quarter of a second, and the library is asked at every change of anything. */
const known = new Map<string, { readonly state: string; readonly pack: Promise<Pack | HookpointError> }>();

/** All packs that are here, those that are not in use too. A folder whose files are as they were is not read again. */
export async function readPacks(home: Home): Promise<readonly ReadPack[]> {
  const places = packPlaces(home);
  for (const folder of known.keys()) {
    if (!places.some((place) => place.folder === folder)) known.delete(folder);
  }
  return Promise.all(places.map(async (place) => ({ place, pack: await read(place.folder) })));
}

/** Every pack in use that can be read; what is wrong with the others. */
export async function readPacksInUse(
  home: Home,
): Promise<{ readonly packs: readonly Pack[]; readonly broken: readonly HookpointError[] }> {
  const packs: Pack[] = [];
  const broken: HookpointError[] = [];
  for (const { place, pack } of await readPacks(home)) {
    if (!place.inUse) continue;
    if (pack instanceof HookpointError) broken.push(pack);
    else packs.push(pack);
  }
  return { packs, broken };
}

/** The sound pack of a folder, read once for as long as its files are as they were. PACK_INVALID, NOT_FOUND. */
export async function readPack(folder: string): Promise<Pack> {
  const pack = await read(folder);
  if (pack instanceof HookpointError) throw pack;
  return pack;
}

async function read(folder: string): Promise<Pack | HookpointError> {
  const state = await stateOf(folder);
  const last = known.get(folder);
  if (last?.state === state) return last.pack;
  // Kept before it is done: whoever asks meanwhile waits for the same reading.
  const pack = loadPack(folder).catch((error: unknown) => {
    if (error instanceof HookpointError) return error;
    throw error;
  });
  known.set(folder, { state, pack });
  return pack;
}

/**
 * Names, sizes and times of all files. A file that goes in this moment changes the text as well. ctime, because an archive that is unpacked
 * gives files the time that it likes (utimensat(2) cannot set ctime).
 */
async function stateOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const stat = await lstat(path).catch(() => null);
      return `${path} ${stat?.size} ${stat?.mtimeMs} ${stat?.ctimeMs}`;
    }),
  );
  return lines.sort().join('\n');
}
