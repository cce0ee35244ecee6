import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { HookpointError } from '../contract/error.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html) that have a cause a person can act on. */
const causes: Readonly<Record<number, { readonly why: string; readonly remedy: string }>> = {
  3: { why: 'permission is denied', remedy: 'Make the file yours, or set HOOKPOINT_HOME to another folder.' },
  5: { why: 'another program keeps it locked', remedy: 'Try again; if it stays so, end the other Hookpoint.' },
  6: { why: 'another program keeps it locked', remedy: 'Try again; if it stays so, end the other Hookpoint.' },
  8: {
    why: 'it is read-only',
    remedy: 'Make the file and its folder writable, or set HOOKPOINT_HOME to another folder.',
  },
  10: { why: 'the disk gives errors', remedy: 'Check the disk, or set HOOKPOINT_HOME to a folder on another one.' },
  11: {
    why: 'it is damaged',
    remedy: 'Move it away: a new one is made. `hookpoint clean` then removes what it had started.',
  },
  14: {
    why: 'it cannot be opened',
    remedy: 'Make the file and its folder yours, or set HOOKPOINT_HOME to another folder.',
  },
  26: {
    why: 'it is not a database',
    remedy: 'Move it away: a new one is made. `hookpoint clean` then removes what it had started.',
  },
};
const sqliteFull = 13;
const sqliteIoError = 10;

/** Free bytes below which an I/O error is taken for a full disk: SQLite says so where it cannot enlarge its shared memory file (32 kB). */
const nextToNothing = 64 << 10;

/** What SQLite threw, as one sentence with a remedy. What is not SQLite's passes unchanged. */
export function storeFailure(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  const primary = error.errcode & 0xff;
  if (primary === sqliteFull || (primary === sqliteIoError && isFull(file))) {
    return new HookpointError('DISK_FULL', `The disk is full: ${file} cannot be written.`, {
      remedy: 'Free some space, or set HOOKPOINT_HOME to a folder on another disk.',
      cause: error,
    });
  }
  const cause = causes[primary];
  return new HookpointError('STORE_FAILED', `The database ${file} failed: ${cause?.why ?? error.message}.`, {
    remedy: cause?.remedy ?? 'Try again; if it stays so, set HOOKPOINT_HOME to another folder.',
    cause: error,
  });
}

function isFull(file: string): boolean {
  const folder = dirname(file);
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < nextToNothing;
}
