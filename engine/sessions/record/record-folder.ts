import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../home.ts';
import type { Store } from '../store.ts';

/** Where what a session leaves for `export` is kept: its terminals, and the timeline of one that was stopped. */
export const recordFolder = (home: Home, session: string): string => join(home.folder, 'sessions', session);

export const terminalsFolder = (home: Home, session: string): string => join(recordFolder(home, session), 'terminals');

/** Makes a folder of a session's record, readable by its owner alone. */
export function makeRecordFolder(home: Home, folder: string): void {
  // Not mkdir's `recursive` for a home that is gone: it would come back empty.
  if (existsSync(home.folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Sizes of the files in a folder, by name; nothing where there is none. */
export function fileSizes(folder: string): ReadonlyMap<string, number> {
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0]),
  );
}

/** Removes the record of one session. */
export function removeRecord(home: Home, session: string): void {
  rmSync(recordFolder(home, session), { recursive: true, force: true });
}

/** Sessions that a record is kept of. */
export function recordedSessions(home: Home): readonly string[] {
  const folder = join(home.folder, 'sessions');
  return existsSync(folder) ? readdirSync(folder) : [];
}

const settingOf = (session: string): string => `not-recorded:${session}`;

export function isRecorded(store: Store, session: string): boolean {
  return store.setting(settingOf(session)) === null;
}

/** For `start --no-record`. */
export function changeRecorded(store: Store, session: string, recorded: boolean): void {
  store.changeSetting(settingOf(session), recorded ? null : 'yes');
}
