import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PackTestEvent } from '../../engine/contract/procedures/packs.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { buildArchive } from '../../engine/packs/index.ts';
import { writePack } from '../pack-format/sample-pack.ts';
import { containersOf } from '../support/session-containers.ts';

let folder: string;
let host: Host;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookpoint-host-packs-'));
  process.env.HOOKPOINT_HOME = join(folder, 'home');
  host = await openHost();
  await using pack = await writePack();
  const file = join(folder, 'sample.hookpack');
  await buildArchive(pack.folder, file);
  await clientInProcess(host).packs.install({ name: 'sample.hookpack', base64: await readFile(file, 'base64') });
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const containers = async () => containersOf(await host.docker.require(), host.home.folder);

test('a pack is tested case by case, with the verdicts that each case had', async () => {
  const events: PackTestEvent[] = [];
  for await (const event of await clientInProcess(host).packs.test({ pack: 'sample', hostLog: false })) {
    events.push(event);
  }
  expect(events[0]).toEqual({ kind: 'planned', cases: 3 });
  expect(events.at(-1)).toEqual({ kind: 'done', passed: true, withoutMistake: [], fewSolutions: [] });
  const cases = events.filter((event) => event.kind === 'case');
  expect(cases.map(({ name, outcome }) => `${name} ${outcome}`).sort()).toEqual([
    'append passed',
    'insert passed',
    'nothing passed',
  ]);
  expect(cases.find(({ name }) => name === 'nothing')).toMatchObject({
    case: 'mistake',
    verdicts: { policy: 'failed', blocked: 'not-reached' },
  });
  expect(await containers()).toEqual([]);
});

test('who leaves in the middle of a test leaves no lab behind', async () => {
  const events = await clientInProcess(host).packs.test({ pack: 'sample', hostLog: false });
  expect((await events.next()).value).toMatchObject({ kind: 'planned' });
  await events.next();
  await events.return();
  expect(await containers()).toEqual([]);
});

test('the doctor finds what labs need, one thing after another', async () => {
  const found: string[] = [];
  for await (const event of await clientInProcess(host).doctor.examine()) {
    if (event.kind === 'finding') found.push(`${event.id} ${event.status}`);
  }
  expect(found.slice(0, 6)).toEqual([
    'node ok',
    'data-folder ok',
    'docker ok',
    'image ok',
    'kernel ok',
    'privileges ok',
  ]);
  expect(await clientInProcess(host).engine.status()).toMatchObject({ imageBuilt: true, failure: null });
});
