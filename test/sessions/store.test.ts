import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HookpointError } from '../../engine/contract/error.ts';
import { instantiate, labOf, loadPack } from '../../engine/packs/index.ts';
import { findHome, type Home } from '../../engine/sessions/home.ts';
import { schemaVersion } from '../../engine/sessions/schema.ts';
import { mostCommands, openStore } from '../../engine/sessions/store.ts';
import { storeFailure } from '../../engine/sessions/store-failure.ts';
import { temporaryHome, tinyPack } from '../support/cli.ts';

let folder: ReturnType<typeof temporaryHome>;
let home: Home;
beforeEach(() => {
  folder = temporaryHome();
  home = findHome({ HOOKPOINT_HOME: join(folder.folder, 'home') });
});
afterEach(() => folder[Symbol.dispose]());

async function aSession(id: string) {
  const instance = instantiate(labOf(await loadPack(tinyPack), 'one'), 7);
  const of = { pack: 'tiny', lab: 'one', seed: 7, source: tinyPack, version: '1.0.0', container: 'c1', image: 'i1' };
  return { id, instance, ...of, created: new Date(1_700_000_000_000), hostLog: false, baseline: {} };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof HookpointError ? error.code : String(error);
  }
};

test('what one process writes, another reads', async () => {
  using writer = openStore(home);
  using reader = openStore(home);
  writer.addSession(await aSession('one-2222'));
  writer.addAnswer('one-2222', { question: 'policy', value: 'DROP', time: 5, snapshot: {} });
  writer.addAnswer('one-2222', { question: 'policy', value: 'ACCEPT', time: 6, snapshot: {} });
  expect(reader.session('one-2222')).toMatchObject({
    seed: 7,
    status: 'running',
    instance: { id: 'one', params: { port: expect.any(Number) } },
  });
  expect(reader.answers('one-2222').map(({ value }) => value)).toEqual(['DROP', 'ACCEPT']);
});

test('a session that runs again keeps its values and loses its answers', async () => {
  using store = openStore(home);
  store.addSession(await aSession('one-2222'));
  store.addAnswer('one-2222', { question: 'policy', value: 'DROP', time: 5, snapshot: {} });
  store.endSession('one-2222', 'lost');
  store.restartSession({ id: 'one-2222', container: 'c2', image: 'i1', hostLog: false, baseline: {}, afresh: true });
  expect(store.session('one-2222')).toMatchObject({ seed: 7, container: 'c2', status: 'running', endedBecause: null });
  expect(store.answers('one-2222')).toEqual([]);
});

test('the oldest commands go where there are too many, and all with the container they ran in', async () => {
  using store = openStore(home);
  store.addSession(await aSession('one-2222'));
  const place = { node: 'host', terminal: 't' };
  const first = store.beginCommand('one-2222', { ...place, text: 'false', begun: 1 });
  store.endCommand('one-2222', first, { time: 2, exitCode: 1 });
  store.beginCommand('one-2222', { ...place, text: null, begun: 3 });
  expect(store.commands('one-2222')).toEqual([
    { number: 1, ...place, text: 'false', begun: 1, ended: 2, exitCode: 1 },
    { number: 2, ...place, text: null, begun: 3, ended: null, exitCode: null },
  ]);
  for (let number = 3; number <= mostCommands + 2; number += 1)
    store.beginCommand('one-2222', { ...place, text: 'x', begun: number });
  const kept = store.commands('one-2222');
  expect([kept.length, kept[0]?.number]).toEqual([mostCommands, 3]);
  store.endSession('one-2222', 'lost');
  store.restartSession({ id: 'one-2222', container: 'c2', image: 'i1', hostLog: false, baseline: {}, afresh: true });
  expect(store.commands('one-2222')).toEqual([]);
});

test('only the owner can look into the data folder', () => {
  openStore(home)[Symbol.dispose]();
  expect(statSync(home.folder).mode & 0o777).toBe(0o700);
  expect(statSync(home.database).mode & 0o777).toBe(0o600);
});

test('a database that is damaged, none at all, or of a newer Hookpoint is told as such', () => {
  mkdirSync(home.folder, { recursive: true });
  writeFileSync(home.database, 'this is no database, whatever its name says'.repeat(100));
  expect(codeOf(() => openStore(home))).toBe('STORE_FAILED');
  const newer = findHome({ HOOKPOINT_HOME: join(folder.folder, 'newer') });
  openStore(newer)[Symbol.dispose]();
  const database = new DatabaseSync(newer.database);
  database.exec(`pragma user_version = ${schemaVersion + 1}`);
  database.close();
  expect(() => openStore(newer)).toThrow(/newer Hookpoint/);
});

test('a full disk and a read-only database have their own sentences', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('create table t (x); pragma max_page_count = 2');
  const attempt = (sql: string) => {
    try {
      database.exec(sql);
      return null;
    } catch (error) {
      return storeFailure('/home/x/hookpoint.db', error);
    }
  };
  expect(attempt('insert into t values (zeroblob(100000))')).toMatchObject({
    code: 'DISK_FULL',
    message: 'The disk is full: /home/x/hookpoint.db cannot be written.',
  });
  database.exec('pragma query_only = 1');
  expect(attempt('insert into t values (1)')).toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('read-only'),
  });
});

test('HOOKPOINT_HOME moves the data folder; without it the platform says where', () => {
  expect(findHome({ HOOKPOINT_HOME: '/somewhere' }).folder).toBe('/somewhere');
  expect(findHome({}).folder).toMatch(/hookpoint/);
});
