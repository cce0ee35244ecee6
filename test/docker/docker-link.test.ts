import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Changes } from '../../engine/host/changes.ts';
import { DockerLink, type LinkTimes } from '../../engine/host/docker-link.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { temporaryHome } from '../support/cli.ts';
import { type DockerCut, openDockerCut } from '../support/docker-cut.ts';

/** As the link behaves, a hundred times as fast. */
const times: LinkTimes = { retry: 10, beat: 50, silence: 500 };

let home: ReturnType<typeof temporaryHome>;
let docker: DockerCut;
let changes: Changes;
let link: DockerLink;

beforeEach(async () => {
  home = temporaryHome();
  docker = await openDockerCut();
  vi.stubEnv('DOCKER_HOST', docker.address);
  changes = new Changes();
  link = new DockerLink(findHome({ HOOKPOINT_HOME: home.folder }), changes, { times });
});
afterEach(async () => {
  docker.release();
  await link[Symbol.asyncDispose]();
  await docker[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
  home[Symbol.dispose]();
});

/** What the link says, as soon as it says what is wanted. */
async function comesTo(wanted: 'reached' | 'out of reach') {
  const left = new AbortController();
  for await (const _ of changes.follow(left.signal)) {
    const state = await link.state();
    if (state instanceof Error === (wanted === 'out of reach')) return state;
  }
  throw new Error('the link never came to it');
}

test('an engine that hangs while somebody follows is out of reach, and back as soon as it answers', async () => {
  await comesTo('reached');
  docker.hold();
  const failure = await comesTo('out of reach');
  expect(failure).toMatchObject({
    code: 'DOCKER_UNREACHABLE',
    message: expect.stringMatching(/^Docker \S+ at unix:\S+ hangs: no answer within 0.5 s.$/),
    remedy: expect.stringMatching(/./),
  });
  await expect(link.require()).rejects.toBe(failure);
  docker.release();
  const runtime = await comesTo('reached');
  expect(await link.require()).toBe(runtime);
});

test('an engine that stops is out of reach at once, and back when it is started', async () => {
  const first = await comesTo('reached');
  await docker.cut();
  expect(await comesTo('out of reach')).toMatchObject({ code: 'DOCKER_UNREACHABLE' });
  await docker.restore();
  expect(await comesTo('reached')).not.toBe(first);
});

test('whoever asks first waits for the first try', async () => {
  expect(await link.require()).toMatchObject({ description: expect.stringContaining(docker.address) });
});

test('the link ends also while the engine hangs', async () => {
  await comesTo('reached');
  docker.hold();
  await link[Symbol.asyncDispose]();
  expect(changes.followers).toBe(0);
});
