import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { HookpointError } from '../contract/error.ts';
import type { Home } from './home.ts';
import { storeFailure } from './store-failure.ts';

const sqliteBusy = 5;
/** How often a held lock is tried again. The operating system has no event for it that all platforms share. */
const retryMilliseconds = 25;

/**
 * Takes a named lock between processes, or null at once where somebody else holds it. It is SQLite's own file lock on a file that stays
 * empty, so it works alike on every platform and is gone with its process, kill -9 included.
 */
export function tryLock(home: Home, name: string): Disposable | null {
  const file = join(home.locks, `${name}.lock`);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('begin exclusive');
    const held = database;
    return { [Symbol.dispose]: () => held.close() };
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return null;
    throw storeFailure(file, error);
  }
}

/** Waits for a named lock. SESSION_BUSY after `patience` milliseconds; ends with the signal's reason on abort. */
export async function lock(
  home: Home,
  name: string,
  options: { readonly signal?: AbortSignal | undefined; readonly patience?: number } = {},
): Promise<Disposable> {
  const { signal, patience = 120_000 } = options;
  const deadline = performance.now() + patience;
  for (;;) {
    signal?.throwIfAborted();
    const taken = tryLock(home, name);
    if (taken) return taken;
    if (performance.now() > deadline) {
      throw new HookpointError(
        'SESSION_BUSY',
        `Another command has been working on ${name} for ${Math.round(patience / 1000)} seconds.`,
        {
          remedy: 'Wait for it or end it, then try again.',
        },
      );
    }
    await setTimeout(retryMilliseconds, undefined, signal ? { signal } : {});
  }
}
