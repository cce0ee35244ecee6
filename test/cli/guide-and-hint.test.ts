import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { instantiate, labOf, loadPack } from '../../engine/packs/index.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { runCli, temporaryHome, tinyPack } from '../support/cli.ts';

const folder = temporaryHome();
const session = 'one-2222';
const shippedPack = join(import.meta.dirname, '../../labs/netfilter');
beforeAll(async () => {
  using store = openStore(findHome({ HOOKPOINT_HOME: folder.folder }));
  const drawn = instantiate(labOf(await loadPack(tinyPack), 'one'), 7);
  const hints = [
    { text: 'Look at `iptables -S`.', cost: 0 },
    { text: 'The policy.', cost: 3 },
  ];
  const of = { pack: 'tiny', lab: 'one', seed: 7, source: tinyPack, version: '1.0.0', container: 'c1', image: 'i1' };
  store.addSession({
    id: session,
    instance: { ...drawn, hints },
    ...of,
    created: new Date(),
    hostLog: false,
    baseline: {},
  });
});
afterAll(() => folder[Symbol.dispose]());

/** Where no Docker answers: neither command needs it. */
const run = (...words: string[]) =>
  runCli(words, { home: folder.folder, env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });

test('a session’s guide ends with its questions and hints', async () => {
  const { exitCode, stdout } = await run('guide', session);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^# One\n/);
  expect(stdout).toContain('## Questions');
  expect(stdout).toContain(`hint ${session}`);
});

test('the guide of a lab that does not run has the values of its seed', async () => {
  const ofSession = JSON.parse((await run('guide', session, '--json')).stdout);
  const ofLab = JSON.parse((await run('guide', join(tinyPack, 'one'), '--seed', '7', '--json')).stdout);
  expect(ofLab.guide).toBe(ofSession.guide);
  expect(ofLab.session).toBeNull();
  const { published } = instantiate(labOf(await loadPack(shippedPack), 'observe'), 7).params;
  const { stdout } = await run('guide', 'netfilter/observe', '--seed', '7');
  expect(stdout).toContain(`port ${published} of`);
  expect(stdout).not.toContain('{{');
});

test('hints are opened one by one, said with their cost, and remembered', async () => {
  expect((await run('hint', session, '--all')).stdout).toContain('0 of 2 are open. The next one costs no points.');
  const first = (await run('hint', session)).stdout;
  expect(first).toContain('Hint 1 of 2\nLook at `iptables -S`.');
  expect(first).toContain('The next one costs 3 points.');
  expect((await run('hint', session)).stdout).toContain('Hint 2 of 2 (3 points)\nThe policy.');
  expect((await run('hint', session)).stdout).toBe('All 2 are open; they cost 3 points. --all lists them.\n');
  const listed = JSON.parse((await run('hint', session, '--all', '--json')).stdout);
  expect(listed).toMatchObject({ total: 2, cost: 3, nextCost: null, new: null });
  expect(listed.opened.map(({ number }: { number: number }) => number)).toEqual([1, 2]);
});
