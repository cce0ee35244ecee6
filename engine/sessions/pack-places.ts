import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { programFolder } from '../runtime/program-folder.ts';
import type { Home } from './home.ts';

/** Where a pack lies. Nothing is read of it but names. */
export interface PackPlace {
  readonly id: string;
  readonly folder: string;
  /** By the folder's name; null for a pack that comes with Hookpoint, which says it in pack.yaml. */
  readonly installed: string | null;
  /** Its labs are the ones that `PACK/LAB` means. */
  readonly inUse: boolean;
}

/**
 * All packs that are here: those that come with Hookpoint, and those installed in the home (PACKS/ID/VERSION). Of several with one id the
 * newest installed one is in use.
 */
export function packPlaces(home: Home): readonly PackPlace[] {
  const shipped = join(programFolder(), 'labs');
  const own = folders(shipped)
    .filter((name) => existsSync(join(shipped, name, 'pack.yaml')))
    .map((id) => ({ id, folder: join(shipped, id), installed: null }));
  const installed = folders(home.packs).flatMap((id) =>
    folders(join(home.packs, id))
      .filter((name) => existsSync(join(home.packs, id, name, 'pack.yaml')))
      .sort(compareVersions)
      .map((name) => ({ id, folder: join(home.packs, id, name), installed: name })),
  );
  const all = [...own, ...installed];
  return all.map((place) => ({ ...place, inUse: all.findLast(({ id }) => id === place.id) === place }));
}

/** Folders of the packs in use by the pack's id. */
export function packFolders(home: Home): ReadonlyMap<string, string> {
  const used = packPlaces(home).filter(({ inUse }) => inUse);
  return new Map(used.map(({ id, folder }) => [id, folder]));
}

function folders(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

/** By semver.org's precedence, as far as pack versions have it; a pre-release comes before its release. */
function compareVersions(one: string, other: string): number {
  const [numbers = '', preRelease] = split(one);
  const [otherNumbers = '', otherPreRelease] = split(other);
  return (
    numbers.localeCompare(otherNumbers, 'en', { numeric: true }) ||
    Number(preRelease === undefined) - Number(otherPreRelease === undefined) ||
    (preRelease ?? '').localeCompare(otherPreRelease ?? '', 'en', { numeric: true })
  );
}

function split(version: string): readonly [string, string | undefined] {
  const at = version.indexOf('-');
  return at === -1 ? [version, undefined] : [version.slice(0, at), version.slice(at + 1)];
}
