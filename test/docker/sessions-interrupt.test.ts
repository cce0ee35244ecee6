import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { type RunningCli, runCli, startCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { containersOf, startSession } from '../support/session-containers.ts';

const lab = join(tinyPack, 'two');
const home = temporaryHome();
let runtime: ContainerRuntime;

beforeAll(async () => {
  runtime = await connectDocker();
});
afterAll(async () => {
  await runCli(['clean', '--all'], { home: home.folder });
  await runtime[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const begin = () => startCli(['start', lab, '--json'], { home: home.folder });

/** Resolves when stderr has said this. */
async function says({ child, ended }: RunningCli, text: string): Promise<void> {
  let seen = '';
  const listening = new AbortController();
  const heard = (async () => {
    while (!seen.includes(text)) {
      const [chunk] = await once(child.stderr ?? child, 'data', { signal: listening.signal });
      seen += String(chunk);
    }
  })();
  await Promise.race([heard, ended.then(({ stderr }) => Promise.reject(new Error(`it ended before: ${stderr}`)))]);
  listening.abort();
}

function running() {
  using store = openStore(findHome({ HOOKPOINT_HOME: home.folder }));
  return store.sessions().filter(({ status }) => status === 'running');
}

/** A start that was interrupted has left nothing; one that was done before the signal came is whole. */
async function expectAllOrNothing({ ended }: RunningCli): Promise<boolean> {
  const { exitCode, stdout } = await ended;
  const [row] = running();
  const containers = await containersOf(runtime, home.folder);
  if (exitCode === 0) {
    expect(row?.id).toBe(JSON.parse(stdout).session);
    expect(containers.map(({ id }) => id)).toEqual([row?.container]);
    await runCli(['stop', '--all'], { home: home.folder });
    return false;
  }
  expect(row).toBeUndefined();
  expect(containers).toEqual([]);
  return true;
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s while the container starts and while the lab is built leaves nothing',
  async (signal) => {
    const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
    for (const stage of ['Starting the container', 'Building the lab']) {
      const start = begin();
      await says(start, stage);
      start.child.kill(signal);
      expect((await start.ended).exitCode).toBe(codes[signal]);
      await expectAllOrNothing(start);
    }
  },
);

test('Ctrl-C at twelve moments across a start leaves all or nothing', async () => {
  const began = performance.now();
  await runCli(['stop', await startSession(home.folder, lab)], { home: home.folder });
  const whole = performance.now() - began;
  let interrupted = 0;
  for (let part = 0; part < 12; part += 1) {
    const start = begin();
    // No waiting for anything: the moment itself is what is tried.
    await after((whole * part) / 12);
    start.child.kill('SIGINT');
    if (await expectAllOrNothing(start)) interrupted += 1;
  }
  expect(interrupted).toBeGreaterThan(2);
});

test('clean takes what a killed start left, and nothing that is being started', async () => {
  const killed = begin();
  await says(killed, 'Building the lab');
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(await containersOf(runtime, home.folder)).toHaveLength(1);
  const starting = begin();
  await says(starting, 'Building the lab');
  const cleaned = JSON.parse((await runCli(['clean', '--json'], { home: home.folder })).stdout);
  expect(cleaned.containers).toHaveLength(1);
  const { exitCode, stdout } = await starting.ended;
  expect(exitCode).toBe(0);
  const check = await runCli(['check', JSON.parse(stdout).session, '--json'], { home: home.folder });
  expect(check.exitCode).toBe(1);
  await runCli(['clean', '--all'], { home: home.folder });
  expect(await containersOf(runtime, home.folder)).toEqual([]);
});

test('a signal to exec reaches the command in the lab', async () => {
  const session = await startSession(home.folder, lab);
  const script = `
import signal, sys
print('ready', flush=True)
try:
    signal.pause()
except KeyboardInterrupt:
    print('got it')
    sys.exit(9)
`;
  const exec = startCli(['exec', session, 'client', '--', 'python3', '-c', script], { home: home.folder });
  await once(exec.child.stdout ?? exec.child, 'readable');
  exec.child.kill('SIGINT');
  expect(await exec.ended).toMatchObject({ exitCode: 9, stdout: expect.stringContaining('got it') });
  await runCli(['stop', session], { home: home.folder });
});
