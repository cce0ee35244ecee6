import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asHookpointError, HookpointError } from '../../engine/contract/error.ts';
import { runCli, temporaryHome } from '../support/cli.ts';

test('where DOCKER_HOST names an engine that is silent, no other one is started or offered: DOCKER_HOST is what is wrong', async () => {
  using home = temporaryHome();
  const started = join(home.folder, 'started');
  for (const name of ['dockerd', 'systemctl', 'apt-get']) {
    const program = join(home.folder, name);
    writeFileSync(program, `#!/bin/sh\necho ${name} "$@" >> '${started}'\n`);
    chmodSync(program, 0o755);
  }
  const env = { DOCKER_HOST: 'tcp://127.0.0.1:1', PATH: `${home.folder}:${process.env.PATH}` };
  const { exitCode, stdout } = await runCli(['doctor', '--fix'], { home: home.folder, env });
  expect(existsSync(started)).toBe(false);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toMatch(/DOCKER_HOST names a Docker engine that does not answer\..*127\.0\.0\.1:1/);
  expect(text).toContain('Unset DOCKER_HOST, or correct it');
  expect(text).not.toMatch(/[Ii]nstall/);
  expect(exitCode).toBe(3);
});

test('a program that an interrupt ended is told as interrupted, not as a fault of ours', async () => {
  const ending = new AbortController();
  const child = spawn('sleep', ['60'], { signal: ending.signal });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  ending.abort(new HookpointError('CANCELLED', 'Interrupted.'));
  const thrown = await ended.catch((error: unknown) => error);
  expect(asHookpointError(thrown)).toMatchObject({ code: 'CANCELLED', message: 'Interrupted.' });
});

test('a data folder that cannot be made is told once, and nothing that stands on it is a fault of ours', async () => {
  const { exitCode, stdout } = await runCli(['doctor'], {
    home: '/proc/hookpoint/home',
    env: { DOCKER_HOST: 'tcp://127.0.0.1:1' },
  });
  expect(stdout).toMatch(/failed\s+data-folder\s+The data folder \/proc\/hookpoint\/home cannot be made/);
  expect(stdout).not.toMatch(/ENOENT|fault in Hookpoint|disk/);
  expect(exitCode).toBe(3);
});
