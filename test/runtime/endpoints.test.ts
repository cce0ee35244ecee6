import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { endpoints, type Surroundings } from '../../engine/runtime/docker/endpoints.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hookpoint-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function where(env: Record<string, string> = {}, platform: NodeJS.Platform = 'linux'): Surroundings {
  return { env: { XDG_RUNTIME_DIR: join(home, 'run'), ...env }, home, platform, uid: 1000 };
}

function context(name: string, host: string): void {
  const id = createHash('sha256').update(name).digest('hex');
  const folder = join(home, '.docker/contexts/meta', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}

describe('where Docker is looked for', () => {
  test('the default socket, when nothing is said', () => {
    expect(endpoints(where())[0]).toEqual({ host: 'unix:///var/run/docker.sock', reason: 'the default socket' });
  });

  test('DOCKER_HOST is the only place when it is set, before any context', () => {
    context('colima', 'unix:///colima.sock');
    const found = endpoints(where({ DOCKER_HOST: 'tcp://10.0.0.1:2375', DOCKER_CONTEXT: 'colima' }));
    expect(found).toEqual([{ host: 'tcp://10.0.0.1:2375', reason: 'DOCKER_HOST' }]);
  });

  test('DOCKER_TLS_VERIFY brings the certificates of DOCKER_CERT_PATH', () => {
    const env = { DOCKER_HOST: 'tcp://10.0.0.1:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' };
    expect(endpoints(where(env))[0]?.certificates).toBe('/certs');
  });

  test('DOCKER_CONTEXT comes before the current context of config.json', () => {
    context('colima', 'unix:///colima.sock');
    context('orbstack', 'unix:///orbstack.sock');
    writeFileSync(join(home, '.docker/config.json'), '{"currentContext":"orbstack"}');
    expect(endpoints(where())[0]?.host).toBe('unix:///orbstack.sock');
    expect(endpoints(where({ DOCKER_CONTEXT: 'colima' }))[0]?.host).toBe('unix:///colima.sock');
  });

  test('a damaged config.json is passed over, as the docker command does', () => {
    mkdirSync(join(home, '.docker'));
    writeFileSync(join(home, '.docker/config.json'), '{');
    expect(endpoints(where())[0]?.host).toBe('unix:///var/run/docker.sock');
  });

  test('sockets of Docker Desktop, Colima, Podman and rootless Docker are tried where they are', () => {
    for (const path of ['.docker/desktop', '.colima/default', 'run/podman'])
      mkdirSync(join(home, path), { recursive: true });
    for (const path of [
      '.docker/desktop/docker.sock',
      '.colima/default/docker.sock',
      'run/docker.sock',
      'run/podman/podman.sock',
    ])
      writeFileSync(join(home, path), '');
    const reasons = endpoints(where()).map(({ reason }) => reason);
    expect(reasons.slice(1, 5)).toEqual(['Docker Desktop', 'Colima', 'rootless Docker', 'Podman']);
  });

  test('named pipes on Windows', () => {
    expect(endpoints(where({}, 'win32')).map(({ host }) => host)).toEqual([
      'npipe:////./pipe/docker_engine',
      'npipe:////./pipe/dockerDesktopLinuxEngine',
    ]);
  });
});

describe('where no engine answers', () => {
  test('the failure names what was tried and what to do', async () => {
    const failure = connectDocker({ where: where({ DOCKER_HOST: `unix://${home}/none.sock` }) });
    await expect(failure).rejects.toMatchObject({
      code: 'DOCKER_UNREACHABLE',
      remedy: expect.stringContaining('Unset DOCKER_HOST'),
    });
    await expect(failure).rejects.toThrow(/none\.sock \(DOCKER_HOST\)/);
  });

  test('a context that is not there is said to be missing', async () => {
    const failure = connectDocker({ where: where({ DOCKER_CONTEXT: 'gone' }) });
    await expect(failure).rejects.toThrow(/context gone, which is not there/);
  });
});
