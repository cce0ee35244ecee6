import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import { type LabContainer, startLabContainer } from '../support/lab-container.ts';

let lab: LabContainer;
let shell: ResidentShell;

beforeAll(async () => {
  lab = await startLabContainer();
  shell = await openShell(lab.container);
});

afterAll(async () => {
  await shell?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

test('output, errors and status of a script come back as they are', async () => {
  expect(await shell.run("printf 'no newline'; echo wrong >&2; exit 3")).toEqual({
    exitCode: 3,
    stdout: 'no newline',
    stderr: 'wrong\n',
  });
});

test('a script with a syntax error ends itself alone', async () => {
  expect((await shell.run('if fi')).exitCode).toBe(2);
  expect((await shell.run('cat; echo "$PWD"')).stdout).toBe('/\n');
});

test('calls at once are answered one after another', async () => {
  const results = await Promise.all(
    [1, 2, 3, 4].map((number) => shell.run(`value=$((value + ${number})); echo $value`)),
  );
  expect(results.map((result) => result.stdout)).toEqual(['1\n', '2\n', '3\n', '4\n']);
});

test('megabytes come through', async () => {
  expect((await shell.run('seq 1 500000')).stdout).toHaveLength(3388895);
});

test('a stuck script is given up with what it started, and the next one is answered', async () => {
  await expect(shell.run('sleep 1001 & sleep 1001', { timeout: 100 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect((await shell.run("ps -eo stat,args | grep '^[^Z].*sleep 100[1]' || echo none")).stdout).toBe('none\n');
});

test('an aborted call is cancelled and those behind it go on', async () => {
  const stop = new AbortController();
  const stuck = shell.run('echo started >&2; sleep 1002', { signal: stop.signal });
  const behind = shell.run('echo behind');
  stop.abort();
  await expect(stuck).rejects.toMatchObject({ code: 'CANCELLED' });
  expect((await behind).stdout).toBe('behind\n');
});

test('a shell that is killed fails its script alone', async () => {
  await expect(shell.run('kill -9 $$; sleep 1003')).rejects.toMatchObject({ code: 'NODE_FAILED' });
  expect((await shell.run('echo again')).stdout).toBe('again\n');
});

test('a container that is gone is a lost session', async () => {
  const other = await startLabContainer();
  const its = await openShell(other.container);
  await other[Symbol.asyncDispose]();
  await expect(its.run('true')).rejects.toMatchObject({ code: 'SESSION_LOST' });
  await expect(its.run('true')).rejects.toMatchObject({ code: 'SESSION_LOST' });
});
