import { afterAll, beforeAll, expect, test } from 'vitest';
import { runWork } from '../../engine/sessions/run-work.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

let lab: RunningLab;

beforeAll(async () => {
  lab = await startRunningLab({ host: { services: [{ type: 'tcp-echo', port: 7 }] } });
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const run = (script: string, seconds = 60) => runWork(lab.container, 'host', script, { seconds });
const processes = async () => (await lab.inNode('host', 'ps -eo args=')).stdout;

test('exit status and both outputs come back', async () => {
  expect(await run('echo out; echo err >&2; exit 7')).toEqual({
    exitCode: 7,
    stdout: 'out\n',
    stderr: 'err\n',
    timedOut: false,
  });
  expect((await run('kill -9 $$')).exitCode).toBe(137);
  expect((await run(`echo ${'x'.repeat(100_000)}`)).exitCode).toBe(0);
});

test('what is left in the background is not waited for, and goes on', async () => {
  const result = await run('(while read -r line; do echo "$line"; done < <(yes)) & sleep 3600 & echo done');
  expect(result).toMatchObject({ exitCode: 0, timedOut: false });
  expect(await processes()).toContain('sleep 3600');
  expect(await processes()).toContain('yes');
  await lab.inNode('host', 'pkill -9 yes; pkill sleep');
});

test('a flood of output is kept in part', async () => {
  const { stdout, exitCode } = await run('yes | head -c 50000000');
  expect(exitCode).toBe(0);
  expect(stdout.length).toBe(64 * 1024);
});

test('work that does not end is stopped with all it started, and the services stay', async () => {
  const bomb = 'setsid sleep 3601 & echo first; f() { f | f & }; f; while :; do :; done';
  expect(await run(bomb, 2)).toMatchObject({ timedOut: true, stdout: 'first\n' });
  const left = await processes();
  expect(left).not.toContain('sleep 3601');
  expect(left.split('\n').filter((line) => line.includes('bash -c'))).toEqual([]);
  expect(left).toContain('node_services.py');
  expect((await lab.inNode('host', 'echo hello | nc -N 127.0.0.1 7')).stdout).toBe('hello\n');
});

test('a script that the kernel would not take is said so', async () => {
  await expect(run('#'.repeat(200_000))).rejects.toMatchObject({ code: 'BAD_INPUT' });
});
