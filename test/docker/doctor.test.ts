import { expect, test } from 'vitest';
import { helperLabel } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { runCli } from '../support/cli.ts';

test('doctor leaves no container, also where nothing can be written beside the data folder', async () => {
  await using runtime = await connectDocker();
  const names = async () => (await runtime.list({ [helperLabel]: true })).map(({ name }) => name);
  const { stdout } = await runCli(['doctor'], { home: '/proc/hookpoint/home' });
  expect(stdout).toMatch(/ok +privileges/);
  expect(stdout).not.toMatch(/ENOENT|fault in Hookpoint/);
  expect((await names()).filter((name) => name.startsWith('hookpoint-doctor-'))).toEqual([]);
});

test('a helper that nobody removes goes when it ends', async () => {
  await using runtime = await connectDocker();
  const image = await runtime.ensureImage({});
  const listening = new AbortController();
  const events = await runtime.events({ [helperLabel]: true }, listening.signal);
  const container = await runtime.start({
    name: `hookpoint-doctor-test-${process.pid}`,
    image,
    argv: ['sh', '-c', 'read line'],
    hostname: 'doctor',
    labels: { [helperLabel]: '1' },
    limits: { memoryMegabytes: 32, pids: 10, cpus: 1 },
    tmpfs: {},
    volumes: [],
  });
  // Without stdin `read` ends at once.
  for await (const event of events)
    if (event.container === container.id && event.action === 'destroy') listening.abort();
  expect(await container.state()).toBeNull();
});
