import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { HookpointError } from '../contract/error.ts';

/** Where Hookpoint keeps what is the user's: the database, locks, installed packs. */
export interface Home {
  readonly folder: string;
  readonly database: string;
  readonly locks: string;
  readonly packs: string;
  /** A folder for each session that has checkpoints. */
  readonly checkpoints: string;
  /** Short hash of the folder: containers carry it, so that one home does not take another's. */
  readonly hash: string;
}

/** The user's data folder (XDG, AppData, Library), moved by HOOKPOINT_HOME. Nothing is created. */
export function findHome(environment: NodeJS.ProcessEnv = process.env): Home {
  const moved = environment.HOOKPOINT_HOME;
  const folder = moved ? resolve(moved) : envPaths('hookpoint', { suffix: '' }).data;
  return {
    folder,
    database: join(folder, 'hookpoint.db'),
    locks: join(folder, 'locks'),
    packs: join(folder, 'packs'),
    checkpoints: join(folder, 'checkpoints'),
    hash: createHash('sha256').update(folder).digest('hex').slice(0, 12),
  };
}

/** Makes the folders, readable by their owner alone. STORE_FAILED or DISK_FULL where that cannot be. */
export function createHome(home: Home): void {
  try {
    makeFolder(home.folder);
    makeFolder(home.locks);
  } catch (error) {
    throw folderFailure(home, error);
  }
}

/** Its parents too. Not mkdir's own `recursive`: Node 24 never comes back from that below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  const parent = dirname(folder);
  if (!existsSync(parent)) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another command may have made it in this moment.
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw error;
  }
}

function folderFailure(home: Home, error: unknown): HookpointError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HookpointError('DISK_FULL', `The disk is full: ${home.folder} cannot be written.`, {
      remedy: 'Free some space, or set HOOKPOINT_HOME to a folder on another disk.',
      cause: error,
    });
  }
  const why =
    code === 'EROFS'
      ? 'it is on a read-only file system'
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission is denied'
        : code === 'ENOENT'
          ? 'no folder can be made there'
          : code === 'ENOTDIR' || code === 'EEXIST'
            ? 'a file stands where a folder must be'
            : error instanceof Error
              ? error.message
              : String(error);
  return new HookpointError('STORE_FAILED', `The data folder ${home.folder} cannot be made: ${why}.`, {
    remedy: 'Set HOOKPOINT_HOME to a folder that you may write to.',
    cause: error,
  });
}
