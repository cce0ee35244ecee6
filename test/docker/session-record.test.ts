import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import type { Report } from '../../engine/contract/report.ts';
import { archiveOf } from '../../engine/packs/index.ts';
import { readSessionFile, type SessionFile } from '../../engine/sessions/record/session-file.ts';
import { parseCast } from '../../engine/terminals/asciicast.ts';
import { runCli, temporaryHome } from '../support/cli.ts';

/** A session written as a file, and graded from it: by what its states earn in a real kernel, never by what the file says. */

const home = temporaryHome();
const files = join(home.folder, 'files');
mkdirSync(files, { recursive: true });
const hp = (words: string[]) => runCli(words, { home: home.folder });
const json = async (...words: string[]) => JSON.parse((await hp([...words, '--json'])).stdout);

afterEach(async () => {
  await hp(['clean', '--all']);
});
afterAll(() => home[Symbol.dispose]());

const solve =
  'iptables -t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80; curl -s localhost:8888; iptables -t nat -D OUTPUT 1';

/** A session of the redirect lab after this script, exported after it was stopped. */
async function exported(name: string, script: string): Promise<string> {
  const { session } = await json('start', 'netfilter/redirect', '--seed', '3');
  await hp(['exec', session, 'host', '--', 'bash', '-c', script]);
  await hp(['answer', session, 'right-chain', 'OUTPUT']);
  await hp(['check', session]);
  await hp(['stop', session]);
  const file = join(files, `${name}.hookpoint-session`);
  expect((await hp(['export', session, '-o', file])).stderr).toBe('');
  return file;
}

async function forge(name: string, session: SessionFile, verdicts: unknown = []): Promise<string> {
  const text = (value: unknown) => Buffer.from(JSON.stringify(value));
  const file = join(files, `${name}.hookpoint-session`);
  const entries = [
    { path: 'manifest.json', content: text(session.manifest) },
    {
      path: 'timeline.ndjson',
      content: Buffer.from(session.records.map((one) => `${JSON.stringify(one)}\n`).join('')),
    },
    { path: 'answers.json', content: text(session.answers) },
    { path: 'verdicts.json', content: text(verdicts) },
  ];
  writeFileSync(file, await archiveOf(entries, 3));
  return file;
}

const verdictsOf = (report: Report) => Object.fromEntries(report.criteria.map(({ id, verdict }) => [id, verdict]));

test('a solved session earns full marks from its file; without its packets what rests on them could not be checked', async () => {
  const file = await exported('solved', solve);
  const report: Report = await json('grade', file);
  expect(report).toMatchObject({ score: 100, passed: true, work: { seed: 3, pack: 'netfilter', failures: [] } });
  const session = await readSessionFile(file);
  const silent = { ...session, records: session.records.filter(({ kind }) => kind !== 'flow') };
  const unsent: Report = await json('grade', await forge('silent', silent));
  expect(unsent).toMatchObject({ score: 20, passed: false });
  expect(verdictsOf(unsent)).toEqual({
    redirected: 'could-not-check',
    'counter-moved': 'could-not-check',
    'right-chain': 'passed',
    removed: 'could-not-check',
  });
}, 240_000);

test('a forged file earns nothing: verdicts, packets and counters that it invents are none of the fresh lab', async () => {
  const solved = await readSessionFile(await exported('honest', solve));
  const idle = await readSessionFile(await exported('idle', 'curl -s localhost:80'));
  const flows = solved.records.filter(({ kind }) => kind === 'flow');
  const last = idle.records.at(-1)?.t ?? 0;
  const counters = {
    kind: 'rules',
    node: 'host',
    gen: 1,
    tables: [{ family: 'ipv4', table: 'nat', counters: { 1: [99, 99] } }],
  };
  const records = [...idle.records, ...flows.map((one) => ({ ...one, t: last })), { ...counters, t: last }];
  const passed = [{ time: last, report: (await json('grade', join(files, 'honest.hookpoint-session'))) as Report }];
  const file = await forge('forged', { ...idle, records } as SessionFile, passed);
  const report: Report = await json('grade', file);
  expect(report).toMatchObject({ score: 20, passed: false });
  expect(verdictsOf(report)).toMatchObject({ redirected: 'could-not-check', 'counter-moved': 'failed' });
}, 240_000);

test('a terminal stands on the disk while it runs, and can be exported and replayed', async () => {
  const { session } = await json('start', 'netfilter/redirect', '--seed', '3');
  const { openHost } = await import('../../engine/host/host.ts');
  const { findHome } = await import('../../engine/sessions/home.ts');
  const own = findHome({ HOOKPOINT_HOME: home.folder });
  await using host = await openHost(own);
  const { store } = host;
  const row = store.session(session);
  const container = (await host.docker.require()).container(row?.container ?? '');
  const hub = await host.terminals();
  await hub.open({ id: 'a', session, node: 'host', container, size: { columns: 90, rows: 30 } });
  hub.find('a').write('echo re""corded\r');
  const cast = join(own.folder, 'sessions', session, 'terminals', 'host-1.cast');
  // Nothing is ended: this is what a kill would leave.
  await vi.waitFor(() => expect(readFileSync(cast, 'utf8')).toContain('"recorded\\r\\n"'), { timeout: 10_000 });
  expect(parseCast(readFileSync(cast, 'utf8'))?.header).toMatchObject({ width: 90, height: 30, title: 'host' });
  const file = join(files, 'terminal.hookpoint-session');
  await hp(['export', session, '-o', file]);
  expect((await hp(['replay', file])).stdout).toContain('recorded');
  await hp(['clean', '--all']);
  expect(() => readFileSync(cast)).toThrow('ENOENT');
  rmSync(file);
}, 120_000);
