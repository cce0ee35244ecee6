import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';

let folder: string;
let host: Host;
const former = process.env.DOCKER_HOST;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookpoint-doctor-'));
  process.env.HOOKPOINT_HOME = folder;
  process.env.DOCKER_HOST = `unix://${join(folder, 'nothing.sock')}`;
  host = await openHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  if (former === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = former;
  await rm(folder, { recursive: true });
});

test('findings come one by one; without Docker that is told with what to do, and what stands on it is left out', async () => {
  const findings = [];
  for await (const event of await clientInProcess(host).doctor.examine()) findings.push(event);
  expect(findings.map((event) => event.kind === 'finding' && [event.id, event.status])).toEqual([
    ['node', 'ok'],
    ['data-folder', 'ok'],
    ['docker', 'failed'],
    ['memory', expect.stringMatching(/ok|warning/)],
    ['disk', expect.stringMatching(/ok|warning/)],
  ]);
  expect(findings[2]).toMatchObject({ remedy: expect.stringMatching(/./) });
});

test('the engine says why Docker is out of reach, and nothing about the image', async () => {
  expect(await clientInProcess(host).engine.status()).toMatchObject({
    runtime: null,
    failure: { code: 'DOCKER_UNREACHABLE' },
    imageBuilt: null,
  });
});
