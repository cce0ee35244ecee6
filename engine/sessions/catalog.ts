import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HookpointError } from '../contract/error.ts';
import { type Lab, labOf } from '../packs/index.ts';
import type { Home } from './home.ts';
import { packFolders } from './pack-places.ts';
import { readPack, readPacksInUse } from './read-packs.ts';

/** A lab that was found, with the pack's folder and version. */
export interface FoundLab {
  readonly lab: Lab;
  readonly folder: string;
  readonly version: string;
}

/** Finds what the learner typed: PACK/LAB, LAB alone where one pack only has it, or the path of a lab's folder. NOT_FOUND, PACK_INVALID. */
export async function findLab(home: Home, text: string): Promise<FoundLab> {
  const path = resolve(text);
  if (existsSync(join(path, 'lab.yaml'))) return load(dirname(path), basename(path));
  const [pack = '', id, ...deeper] = text.split('/');
  const known = packFolders(home);
  const folder = known.get(pack);
  if (folder && id !== undefined && id !== '' && deeper.length === 0) return load(folder, id);
  if (existsSync(join(path, 'pack.yaml'))) throw await isPack(path, (lab) => join(text, lab));
  if (folder && (id === undefined || id === '') && deeper.length === 0)
    throw await isPack(folder, (lab) => `${pack}/${lab}`);
  if (/^[./~]/.test(text) || existsSync(path)) throw noLabAt(text, path);
  if (id === undefined) return findInAll(home, text);
  throw new HookpointError('NOT_FOUND', `There is no pack "${pack}".`, {
    remedy: `Packs here: ${[...known.keys()].join(', ') || 'none'}. \`hookpoint labs\` lists their labs; a path to a lab's folder works too.`,
  });
}

/** A pack was named where one of its labs is meant. */
async function isPack(folder: string, lab: (id: string) => string): Promise<HookpointError> {
  const { labs } = await readPack(folder);
  return new HookpointError('NOT_FOUND', `${folder} is a pack: name a lab in it.`, {
    remedy: `It has ${labs.map(({ id }) => lab(id)).join(', ')}.`,
  });
}

function noLabAt(text: string, path: string): HookpointError {
  const message = existsSync(path) ? `There is no lab.yaml in ${text}.` : `There is no folder ${text}.`;
  return new HookpointError('NOT_FOUND', message, {
    remedy: 'Name PACK/LAB, as `hookpoint labs` lists them, or the folder that holds a lab.yaml.',
  });
}

async function findInAll(home: Home, id: string): Promise<FoundLab> {
  const { packs } = await readPacksInUse(home);
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
  const pack = await readPack(folder);
  return { lab: labOf(pack, id), folder, version: pack.manifest.version };
}
