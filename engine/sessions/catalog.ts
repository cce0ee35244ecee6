import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HookpointError } from '../contract/error.ts';
import { type Lab, loadLab, loadPack, type Pack } from '../packs/index.ts';
import { programFolder } from '../runtime/program-folder.ts';
import type { Home } from './home.ts';

/** A lab that was found, with the pack's folder and version. */
export interface FoundLab {
  readonly lab: Lab;
  readonly folder: string;
  readonly version: string;
}

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

/** Every pack that can be read; what is wrong with the others. */
export async function loadCatalog(home: Home): Promise<{ packs: readonly Pack[]; broken: readonly HookpointError[] }> {
  const packs: Pack[] = [];
  const broken: HookpointError[] = [];
  for (const folder of packFolders(home).values()) {
    try {
      packs.push(await loadPack(folder));
    } catch (error) {
      if (!(error instanceof HookpointError)) throw error;
      broken.push(error);
    }
  }
  return { packs, broken };
}

/** Finds what the learner typed: PACK/LAB, LAB alone where one pack only has it, or the path of a lab's folder. NOT_FOUND, PACK_INVALID. */
export async function findLab(home: Home, text: string): Promise<FoundLab> {
  const path = resolve(text);
  if (existsSync(join(path, 'lab.yaml'))) return load(dirname(path), basename(path));
  const [pack = '', id, ...deeper] = text.split('/');
  const known = packFolders(home);
  if (id === undefined) return findInAll(home, text);
  const folder = known.get(pack);
  if (folder && deeper.length === 0) return load(folder, id);
  throw new HookpointError('NOT_FOUND', `There is no pack "${pack}".`, {
    remedy: `Packs here: ${[...known.keys()].join(', ') || 'none'}. \`hookpoint labs\` lists their labs; a path to a lab's folder works too.`,
  });
}

async function findInAll(home: Home, id: string): Promise<FoundLab> {
  const { packs } = await loadCatalog(home);
  const having = packs.filter((pack) => pack.labs.some((lab) => lab.id === id));
  const [only, ...more] = having;
  if (only && more.length === 0) return load(only.folder, id);
  if (only) {
    throw new HookpointError('NOT_FOUND', `More than one pack has a lab "${id}".`, {
      remedy: `Say which: ${having.map((pack) => `${pack.manifest.id}/${id}`).join(', ')}.`,
    });
  }
  throw new HookpointError('NOT_FOUND', `There is no lab "${id}".`, {
    remedy: '`hookpoint labs` lists what there is.',
  });
}

async function load(folder: string, id: string): Promise<FoundLab> {
  const lab = await loadLab(folder, id);
  const pack = await loadPack(folder);
  return { lab, folder, version: pack.manifest.version };
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
