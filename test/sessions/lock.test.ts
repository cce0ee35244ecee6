import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHome, findHome, type Home } from '../../engine/sessions/home.ts';
import { lock, tryLock } from '../../engine/sessions/lock.ts';
import { temporaryHome } from '../support/cli.ts';

let folder: ReturnType<typeof temporaryHome>;
let home: Home;
beforeEach(() => {
  folder = temporaryHome();
  home = findHome({ HOOKPOINT_HOME: folder.folder });
  createHome(home);
});
afterEach(() => folder[Symbol.dispose]());

test('one at a time, by name', () => {
  const first = tryLock(home, 'a');
  expect(first).not.toBeNull();
  expect(tryLock(home, 'a')).toBeNull();
  using other = tryLock(home, 'b');
  expect(other).not.toBeNull();
  first?.[Symbol.dispose]();
  using again = tryLock(home, 'a');
  expect(again).not.toBeNull();
});

test('who waits goes on when it is free, and gives up with SESSION_BUSY or an abort', async () => {
  const first = tryLock(home, 'a');
  await expect(lock(home, 'a', { patience: 30 })).rejects.toMatchObject({ code: 'SESSION_BUSY' });
  await expect(lock(home, 'a', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  const waiting = lock(home, 'a');
  first?.[Symbol.dispose]();
  (await waiting)[Symbol.dispose]();
});

test('a killed process holds nothing', async () => {
  const source = `
    import { tryLock } from ${JSON.stringify(join(import.meta.dirname, '../../engine/sessions/lock.ts'))};
    const held = tryLock(${JSON.stringify(home)}, 'a');
    console.log(held ? 'held' : 'not held');
    process.stdin.resume();
    globalThis.held = held;
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  expect(String(said).trim()).toBe('held');
  expect(tryLock(home, 'a')).toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
  using held = tryLock(home, 'a');
  expect(held).not.toBeNull();
});
