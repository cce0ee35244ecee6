import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { failureOf } from '../../app/client/failure.ts';
import { runCli, temporaryHome } from '../support/cli.ts';
import { openDockerCut } from '../support/docker-cut.ts';
import { startServe } from '../support/served.ts';
import { startSession } from '../support/session-containers.ts';
import { connectTo } from './carried-clients.ts';
import { firstOf } from './first-of.ts';

const home = temporaryHome();
const lab = 'netfilter/redirect';
const token = 'a-token-for-tests-that-is-long-enough';

afterAll(async () => {
  await runCli(['clean', '--all'], { home: home.folder });
  home[Symbol.dispose]();
});

test('serve that was killed in the middle of a lab finds everything when it is started again', async () => {
  const first = await startServe({ home: home.folder, token });
  const { client } = await connectTo(first)();
  let id = '';
  for await (const event of await client.sessions.start({ lab, seed: 1, hostLog: false })) {
    if (event.kind === 'started') id = event.session;
  }
  await client.lab.answer({ session: id, question: 'right-chain', value: 'OUTPUT' });
  await client.preferences.change({ name: 'test.kept', value: '"yes"' });
  await client.lab.check({ session: id });
  // In the middle of something as well: the next check.
  void client.lab.check({ session: id }).catch(() => undefined);
  await first.kill();

  await using second = await startServe({ home: home.folder, port: first.port, token });
  expect(second.url).toBe(first.url);
  const { client: again } = await connectTo(second)();
  const open = await again.lab.get({ session: id });
  expect(open.session.status).toBe('running');
  expect(open.questions.map(({ answer }) => answer?.value)).toEqual(['OUTPUT']);
  expect(open.latest?.report.session).toBe(id);
  expect(await again.preferences.read()).toMatchObject({ 'test.kept': '"yes"' });
  expect((await again.lab.check({ session: id })).session).toBe(id);
  await again.sessions.stop({ session: id });
});

test('Docker that goes is said, what needs it fails with a code, and all is back when it is, over the same connection', async () => {
  await using docker = await openDockerCut();
  const id = await startSession(home.folder, lab, '--seed', '1');
  await using served = await startServe({ home: home.folder, env: { DOCKER_HOST: docker.address } });
  const { client } = await connectTo(served)();
  const engine = (wanted: 'there' | 'away') =>
    firstOf(
      (signal) => client.engine.watch(undefined, { signal }),
      ({ failure }) => (failure === null) === (wanted === 'there'),
    );
  const status = (wanted: string) =>
    firstOf(
      (signal) => client.sessions.watch({}, { signal }),
      ({ sessions }) => sessions.find((session) => session.id === id)?.status === wanted,
    );
  await engine('there');
  await status('running');
  await client.lab.check({ session: id });

  const [gone, unknown] = [engine('away'), status('unknown')];
  await docker.cut();
  const { failure } = await gone;
  expect(failure?.code).toBe('DOCKER_UNREACHABLE');
  expect(failure?.remedy).toBeTruthy();
  await unknown;
  const refused = await client.lab.check({ session: id }).then(() => null, failureOf);
  expect(refused?.code).toBe('DOCKER_UNREACHABLE');
  expect(refused?.remedy).toBeTruthy();

  const [back, running] = [engine('there'), status('running')];
  await docker.restore();
  await back;
  await running;
  // The shell in the container died with the connection: that is no failure of the next check.
  expect((await client.lab.check({ session: id })).session).toBe(id);
  await client.sessions.stop({ session: id });
});

const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!mayMount)('a full disk is said with a code, and everything goes on when there is room again', async () => {
  const small = temporaryHome();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small.folder]);
  try {
    await using served = await startServe({ home: small.folder });
    const { client } = await connectTo(served)();
    await client.preferences.change({ name: 'test.kept', value: '"before"' });
    const filler = join(small.folder, 'filler');
    expect(() => writeFileSync(filler, Buffer.alloc(2 << 20))).toThrow('ENOSPC');
    const big = JSON.stringify('x'.repeat(60_000));
    const change = (name: string) => client.preferences.change({ name, value: big });
    const refused = await (async () => {
      for (let number = 0; number < 20; number++) await change(`test.big${number}`);
    })().then(() => null, failureOf);
    expect(refused?.code).toBe('DISK_FULL');
    expect(refused?.remedy).toContain('HOOKPOINT_HOME');
    expect((await client.engine.status()).version).toBeTruthy();
    expect(await client.preferences.read()).toMatchObject({ 'test.kept': '"before"' });
    rmSync(filler);
    await change('test.after');
    expect(Object.keys(await client.preferences.read())).toContain('test.after');
  } finally {
    execFileSync('umount', ['-l', small.folder]);
    small[Symbol.dispose]();
  }
});

test('a token of the environment that is none is refused', async () => {
  const { exitCode, stderr } = await runCli(['serve'], { home: home.folder, env: { HOOKPOINT_SERVE_TOKEN: 'short' } });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('HOOKPOINT_SERVE_TOKEN');
});

test('a port that is taken is said, with what to do', async () => {
  await using first = await startServe({ home: home.folder });
  const { exitCode, stderr } = await runCli(['serve', '--port', String(first.port)], { home: home.folder });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`Port ${first.port}`);
});
