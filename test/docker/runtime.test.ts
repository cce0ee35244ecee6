import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Container, ContainerRuntime, ContainerSpec } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { testRunLabel } from '../support/test-run.ts';

let runtime: ContainerRuntime;
let container: Container;
let image = '';

function spec(name: string): ContainerSpec {
  return {
    name: `hookpoint-test-runtime-${process.pid}-${name}`,
    image,
    argv: ['tini', '--', 'sleep', 'infinity'],
    hostname: 'lab',
    labels: {
      'dev.hookpoint.session': `test-${process.pid}`,
      'dev.hookpoint.lab': name,
      'dev.hookpoint.test': testRunLabel(),
    },
    limits: { memoryMegabytes: 128, pids: 64, cpus: 0.5 },
    tmpfs: { '/run': { megabytes: 8, exec: true } },
    volumes: ['/var/lib/hookpoint'],
  };
}

const named = (name: string) =>
  runtime.list({ 'dev.hookpoint.session': `test-${process.pid}`, 'dev.hookpoint.lab': name });

beforeAll(async () => {
  runtime = await connectDocker();
  image = await runtime.ensureImage({});
  container = await runtime.start(spec('main'));
});
afterAll(() => container.remove());

describe('a container', () => {
  test('has the name and labels that were asked for, and no network', async () => {
    const { name } = spec('main');
    expect(await container.state()).toMatchObject({ name, status: 'running', labels: { 'dev.hookpoint.lab': 'main' } });
    const { stdout } = await container.exec(['bash', '-c', 'ip -o link | wc -l; hostname']);
    expect(stdout).toBe('1\nlab\n');
  });

  test('cannot write to its root, but to its tmpfs and volume', async () => {
    const script =
      'touch /x 2>/dev/null && echo root; touch /run/x && echo run; touch /var/lib/hookpoint/x && echo volume';
    expect((await container.exec(['bash', '-c', script])).stdout).toBe('run\nvolume\n');
  });

  test('bounds the number of processes', async () => {
    // Python, for a shell waits many seconds before it believes that fork failed.
    const forks = [
      'import os, signal',
      'children = []',
      'try:',
      '    while len(children) < 500:',
      '        child = os.fork()',
      '        if child == 0: signal.pause()',
      '        children.append(child)',
      'except BlockingIOError: pass',
      'print(len(children))',
      'for child in children: os.kill(child, signal.SIGKILL)',
      'for child in children: os.waitpid(child, 0)',
    ].join('\n');
    const { stdout } = await container.exec(['python3', '-c', forks]);
    expect(Number(stdout)).toBeGreaterThan(10);
    expect(Number(stdout)).toBeLessThan(64);
  });

  test('is removed more than once without complaint, by two at the same time too', async () => {
    const other = await runtime.start(spec('removed'));
    await Promise.all([other.remove(), other.remove()]);
    await other.remove();
    expect(await other.state()).toBeNull();
  });
});

describe('a command', () => {
  test('gives its streams apart and its exit status', async () => {
    const result = await container.exec(['bash', '-c', 'echo out; echo err >&2; exit 7']);
    expect(result).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('reads what it is given on stdin', async () => {
    const stdin = 'line\n'.repeat(100_000);
    expect((await container.exec(['wc', '-c'], { stdin })).stdout.trim()).toBe(String(stdin.length));
  });

  test('may write a lot', async () => {
    const { stdout } = await container.exec(['bash', '-c', 'yes | head -c 8000000']);
    expect(stdout.length).toBe(8_000_000);
  });

  test('that does not end in time is given up', async () => {
    await expect(container.exec(['sleep', '60'], { timeout: 100 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  test('is given up when its caller is', async () => {
    const controller = new AbortController();
    const running = container.attach(['bash', '-c', 'echo ready; sleep 60'], { signal: controller.signal });
    const exec = await running;
    await once(exec.stdout, 'data');
    controller.abort();
    await expect(exec.exited).rejects.toThrow();
  });

  test('that is not there says so by its exit status', async () => {
    const result = await container.exec(['no-such-program']);
    expect(result.exitCode).not.toBe(0);
  });

  test('on a terminal sees its size, and the new one when it changes', async () => {
    const exec = await container.attach(['bash', '--norc'], { terminal: { columns: 90, rows: 20 } });
    const printed = text(exec.stdout);
    await exec.resize({ columns: 101, rows: 31 });
    exec.stdin.write('stty size; exit 4\n');
    expect(await exec.exited).toBe(4);
    expect(await printed).toContain('31 101');
  });
});

test('files go in and come out', async () => {
  const archive = pack();
  archive.entry({ name: 'greeting' }, 'hello');
  archive.finalize();
  await container.put('/var/lib/hookpoint', await buffer(archive));
  const reader = extract();
  (await container.get('/var/lib/hookpoint/greeting')).pipe(reader);
  for await (const entry of reader) expect(await text(entry)).toBe('hello');
});

describe('a start that fails', () => {
  test('leaves nothing when the command is not there', async () => {
    await expect(runtime.start({ ...spec('broken'), argv: ['/no-such-program'] })).rejects.toMatchObject({
      code: 'DOCKER_FAILED',
    });
    expect(await named('broken')).toEqual([]);
  });

  test('leaves nothing when it is cancelled at any moment', async () => {
    for (const moment of [0, 20, 60, 120]) {
      const signal = AbortSignal.timeout(moment);
      // One that was started before the signal came is removed by whoever asked for it.
      await runtime.start(spec('cancelled'), signal).then(
        (started) => started.remove(),
        () => undefined,
      );
      expect(await named('cancelled')).toEqual([]);
    }
  });

  test('does not touch a container that has the name already', async () => {
    await expect(runtime.start(spec('main'))).rejects.toMatchObject({ code: 'DOCKER_FAILED' });
    expect(await container.state()).toMatchObject({ status: 'running' });
  });
});

test('the host is reached for its kernel settings', async () => {
  const { exitCode, stdout } = await runtime.runOnHost(['sysctl', '-n', 'net.netfilter.nf_log_all_netns']);
  expect({ exitCode, stdout: stdout.trim() }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^[01]$/) });
});
