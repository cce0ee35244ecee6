import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../engine/contract/report.ts';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { instantiate } from '../../engine/packs/index.ts';
import { findLab } from '../../engine/sessions/catalog.ts';

let folder: string;
let host: Host;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookpoint-results-'));
  process.env.HOOKPOINT_HOME = folder;
  host = await openHost();
  const { lab, version, folder: source } = await findLab(host.home, 'netfilter/redirect');
  const instance = instantiate(lab, 1);
  host.store.addSession({
    id: 'redirect-test',
    pack: 'netfilter',
    lab: 'redirect',
    seed: 1,
    instance,
    source,
    version,
    container: 'none',
    image: 'none',
    created: new Date(),
    hostLog: false,
    baseline: {},
  });
  host.store.endSession('redirect-test', 'stopped');
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const report = (score: number): Report => ({
  session: 'redirect-test',
  lab: 'netfilter/redirect',
  score,
  possible: 100,
  undecided: 0,
  passed: score === 100,
  criteria: [
    { id: 'one', title: 'One', verdict: score > 0 ? 'passed' : 'failed', points: score, possible: 100, checks: [] },
  ],
});

test('results are the checks of all sessions, newest first, and follow new ones', async () => {
  const client = clientInProcess(host);
  const left = new AbortController();
  const watch = await client.results.watch(undefined, { signal: left.signal });
  const next = async () => {
    const { done, value } = await watch.next();
    return done ? null : value;
  };
  expect(await next()).toEqual([]);
  host.store.addVerdict('redirect-test', report(40));
  expect(await next()).toMatchObject([{ score: 40 }]);
  host.store.addVerdict('redirect-test', report(100));
  expect(await next()).toMatchObject([
    { score: 100, passed: true, session: 'redirect-test', pack: 'netfilter', lab: 'redirect' },
    { score: 40, passed: false },
  ]);
  left.abort();
});

test('one result has its whole report; one that is not there is said so', async () => {
  const client = clientInProcess(host);
  const [newest] = await client.results.list();
  expect(await client.results.get({ id: newest?.id ?? 0 })).toMatchObject({
    title: 'Send local connections from one port to another',
    report: { criteria: [{ id: 'one', verdict: 'passed' }] },
  });
  await expect(client.results.get({ id: 4711 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
