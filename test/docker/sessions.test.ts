import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { runCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { containersOf, startSession } from '../support/session-containers.ts';

const one = join(tinyPack, 'one');
const two = join(tinyPack, 'two');
const home = temporaryHome();
const hp = (words: string[], stdin?: string) =>
  runCli(words, { home: home.folder, ...(stdin === undefined ? {} : { stdin }) });
const json = async (...words: string[]) => JSON.parse((await hp([...words, '--json'])).stdout);
let runtime: ContainerRuntime;

beforeAll(async () => {
  runtime = await connectDocker();
});
afterEach(async () => {
  await hp(['clean', '--all']);
});
afterAll(async () => {
  expect(await containersOf(runtime, home.folder)).toEqual([]);
  await runtime[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

test('a lab is started, worked on, answered, checked and stopped', async () => {
  const started = await json('start', one, '--seed', '7');
  expect(started).toEqual({
    session: expect.stringMatching(/^one-/),
    lab: 'tiny/one',
    seed: 7,
    params: { port: expect.any(Number) },
    nodes: [{ name: 'host' }],
    elapsedMs: expect.any(Number),
  });
  const { session, params } = started;
  const before = await hp(['check', session, '--json']);
  expect(before.exitCode).toBe(1);
  expect(JSON.parse(before.stdout)).toMatchObject({ session, lab: 'tiny/one', score: 0, possible: 4, passed: false });

  const rule = ['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', String(params.port), '-j', 'DROP'];
  expect((await hp(['exec', session, 'host', '--', ...rule])).exitCode).toBe(0);
  expect((await hp(['answer', session, 'policy', 'DROP'])).exitCode).toBe(0);
  const half = JSON.parse((await hp(['check', session, '--json'])).stdout);
  expect(half.criteria.map((criterion: { verdict: string }) => criterion.verdict)).toEqual(['passed', 'failed']);

  const unread = await hp(['answer', session, 'policy', '10.0.0.1']);
  expect(unread.exitCode).toBe(2);
  expect(unread.stderr).toContain('it takes a policy, such as DROP');
  const nothing = await hp(['answer', session, 'policy']);
  expect(nothing.exitCode).toBe(2);
  expect(nothing.stderr).toContain('The VALUE is missing');

  expect((await hp(['answer', 'policy', ' accept '])).exitCode).toBe(0);
  const full = await hp(['check', '--json']);
  expect(full.exitCode).toBe(0);
  expect(JSON.parse(full.stdout)).toMatchObject({ score: 4, undecided: 0, passed: true });
  expect((await json('sessions')).sessions).toMatchObject([{ session, status: 'running', score: 4, possible: 4 }]);

  expect((await hp(['stop', session])).exitCode).toBe(0);
  expect(await containersOf(runtime, home.folder)).toEqual([]);
  const gone = await hp(['check', session]);
  expect(gone.exitCode).toBe(2);
  expect(gone.stderr).toContain('was stopped');
});

test('exec keeps stdin, stdout, stderr and the exit status apart', async () => {
  const session = await startSession(home.folder, one);
  const script = 'read line; echo "out $line"; echo "err $line" >&2; exit 7';
  const result = await hp(['exec', session, 'host', '--', 'bash', '-c', script], 'hello\n');
  expect(result).toEqual({ exitCode: 7, stdout: 'out hello\n', stderr: 'err hello\n' });
  const bytes = 'x'.repeat(3_000_000);
  expect((await hp(['exec', session, 'host', '--', 'wc', '-c'], bytes)).stdout.trim()).toBe(String(bytes.length));
  expect(await hp(['exec', session, 'host', '--', 'echo hi'])).toEqual({
    exitCode: 127,
    stdout: '',
    stderr: 'echo hi: command not found\n',
  });
  expect(await json('exec', session, 'host', '--json', '--', 'sh', '-c', 'echo a; exit 3')).toMatchObject({
    exitCode: 3,
    stdout: 'a\n',
  });
});

test('a script is a shell with its stdin', async () => {
  const session = await startSession(home.folder, one);
  const result = await hp(['shell', session, 'host'], 'hostname\nexit 4\n');
  expect(result).toMatchObject({ exitCode: 4, stdout: 'host\n' });
});

test('the state of a node, and what changed', async () => {
  const session = await startSession(home.folder, two);
  const state = await json('state', session, '--node', 'server');
  expect(state).toMatchObject({
    node: 'server',
    addresses: expect.arrayContaining([{ interface: 'eth0', address: '10.9.0.1', prefix: 24 }]),
  });
  await hp(['exec', session, 'server', '--', 'iptables', '-A', 'INPUT', '-p', 'icmp', '-j', 'DROP']);
  await hp(['exec', session, 'server', '--', 'iptables', '-F', 'INPUT']);
  const { entries, total } = await json('timeline', session, '--changes');
  const said = entries.flatMap((entry: { changes: { what: string }[] }) => entry.changes.map(({ what }) => what));
  expect(said).toEqual(['added rule 1 to filter INPUT', 'removed rule 1 from filter INPUT']);
  expect(total).toBeGreaterThan(1);
  const { stdout } = await hp(['timeline', session]);
  expect(stdout).toMatch(
    /server {2}by iptables[\s\S]*\+ added rule 1 to filter INPUT\n +-p icmp -j DROP\n +Drop ICMP packets\./,
  );

  const at = JSON.stringify(entries.at(-1).last - 1);
  expect((await hp(['state', session, '--node', 'server', '--at', at])).stdout).toContain('-A INPUT -p icmp -j DROP');
  expect((await hp(['changes', session])).stdout).toBe('Nothing is otherwise than it was.\n');
  const [node] = (await json('changes', session, '--to', at)).nodes;
  expect(node).toMatchObject({ node: 'server', commands: ['iptables -A INPUT -p icmp -j DROP'], untold: null });
  const beyond = await hp(['state', session, '--node', 'server', '--at', '999']);
  expect([beyond.exitCode, beyond.stderr]).toEqual([2, expect.stringContaining('There is no state 999')]);
  expect((await hp(['timeline', session, '--since', 'yesterday'])).exitCode).toBe(2);

  await hp(['stop', session]);
  const ended = await hp(['timeline', session]);
  expect([ended.exitCode, ended.stderr]).toEqual([0, expect.stringContaining('went with its container')]);
});

test('a node that is restarted keeps its files and loses its rules', async () => {
  const session = await startSession(home.folder, one);
  const in_ = (script: string) => hp(['exec', session, 'host', '--', 'bash', '-c', script]);
  await in_('echo kept > /root/file; iptables -A INPUT -j ACCEPT');
  expect((await hp(['restart', session, 'host'])).exitCode).toBe(0);
  expect((await in_('cat /root/file; iptables -S INPUT')).stdout).toBe('kept\n-P INPUT ACCEPT\n');
});

test('a container that is killed from outside: could-not-check, lost, and resumed with the same values', async () => {
  const session = await startSession(home.folder, one, '--seed', '7');
  const before = (await json('sessions')).sessions[0];
  await runtime
    .container(before.container)
    .exec(['kill', '-KILL', '-1'])
    .catch(() => undefined); // it may be gone before it answers
  const [state] = await containersOf(runtime, home.folder);
  if (state?.status === 'running') await runtime.container(state.id).remove();

  const check = await hp(['check', session, '--json']);
  expect(check.exitCode).toBe(3);
  const report = JSON.parse(check.stdout);
  expect(report).toMatchObject({ score: 0, possible: 4, undecided: 4, passed: false });
  for (const { verdict, checks } of report.criteria) {
    expect(verdict).toBe('could-not-check');
    expect(checks[0].message).toMatch(/ended from outside/);
  }
  expect((await json('sessions')).sessions).toMatchObject([{ session, status: 'lost' }]);
  for (const words of [
    ['exec', session, 'host', '--', 'true'],
    ['answer', session, 'policy', 'DROP'],
    ['state', session],
  ]) {
    const { exitCode, stderr } = await hp(words);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('code: SESSION_LOST');
  }

  const resumed = await json('start', '--resume', session);
  expect(resumed).toMatchObject({ session, seed: 7 });
  expect((await json('sessions')).sessions).toMatchObject([{ session, status: 'running' }]);
  expect((await hp(['start', '--resume', session])).stderr).toContain('still runs');
});

test('clean gives up a lost session, and leaves a running one alone', async () => {
  const lost = await startSession(home.folder, one);
  const kept = await startSession(home.folder, one);
  const { sessions } = await json('sessions');
  const container = sessions.find((each: { session: string }) => each.session === lost).container;
  await runtime.container(container).remove();
  expect(await json('clean')).toMatchObject({ lost: [lost], stopped: [], containers: [] });
  expect((await json('sessions')).sessions).toMatchObject([{ session: kept, status: 'running' }]);
  expect(await json('clean', '--all')).toMatchObject({ stopped: [kept] });
  expect(await containersOf(runtime, home.folder)).toEqual([]);
});

test('a data folder of somebody else is not cleaned, unless that is asked for', async () => {
  using other = temporaryHome();
  await startSession(other.folder, one);
  await hp(['clean', '--all']);
  const left = await containersOf(runtime, other.folder);
  expect(left).toHaveLength(1);
  await runCli(['clean', '--all'], { home: other.folder });
  expect(await containersOf(runtime, other.folder)).toEqual([]);
});

test('two starts at once, two checks at once, and commands meanwhile', async () => {
  const [first, second] = await Promise.all([startSession(home.folder, two), startSession(home.folder, two)]);
  expect(first).not.toBe(second);
  await hp([
    'exec',
    first,
    'server',
    '--',
    'iptables',
    '-A',
    'INPUT',
    '-p',
    'tcp',
    '--dport',
    '80',
    '-j',
    'REJECT',
    '--reject-with',
    'tcp-reset',
  ]);
  const [one, other, exec] = await Promise.all([
    hp(['check', first, '--json']),
    hp(['check', first, '--json']),
    hp(['exec', first, 'client', '--', 'echo', 'here']),
  ]);
  expect([one.exitCode, other.exitCode]).toEqual([0, 0]);
  expect(exec.stdout).toBe('here\n');
  const stops = await Promise.all([hp(['stop', first]), hp(['stop', first]), hp(['check', second])]);
  // The later one may find it stopped already.
  expect([0, 2]).toContain(stops[0].exitCode);
  expect([0, 2]).toContain(stops[1].exitCode);
  expect(stops[2].exitCode).toBe(1);
});

test('provisioning that fails starts nothing and says what it printed', async () => {
  using other = temporaryHome();
  const pack = join(other.folder, 'pack');
  cpSync(tinyPack, pack, { recursive: true });
  const file = join(pack, 'one/lab.yaml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('services: [{', "provision: 'echo broken lab >&2; exit 5'\n      services: [{"),
  );
  const { exitCode, stderr } = await hp(['start', join(pack, 'one')]);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/status 5[\s\S]*broken lab[\s\S]*code: PROVISIONING_FAILED/);
  expect(await containersOf(runtime, home.folder)).toEqual([]);
  expect(
    (await json('sessions', '--all')).sessions.filter((each: { status: string }) => each.status === 'running'),
  ).toEqual([]);
});

test('grade runs steps or a script in a fresh lab, gives JSON and JUnit, and leaves nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hookpoint-grade-'));
  try {
    const junit = join(folder, 'report.xml');
    const right = await hp([
      'grade',
      one,
      join(one, 'solutions/plain.yaml'),
      '--seed',
      '3',
      '--json',
      '--junit',
      junit,
    ]);
    expect(right.exitCode).toBe(0);
    expect(JSON.parse(right.stdout)).toMatchObject({ lab: 'tiny/one', score: 4, passed: true });
    expect(readFileSync(junit, 'utf8')).toMatch(/<testsuite [^>]*tests="2"[^>]*failures="0"/);
    const wrong = await hp(
      ['grade', two, '-', '--node', 'server', '--json'],
      'iptables -A INPUT -j ACCEPT\nls /none\n',
    );
    expect(wrong.exitCode).toBe(1);
    const report = JSON.parse(wrong.stdout);
    expect(report).toMatchObject({ score: 0, criteria: [{ id: 'closed', verdict: 'failed' }] });
    expect(report.work).toMatchObject({ file: '-', seed: 1, pack: 'tiny', scripts: [{ node: 'server', exitCode: 2 }] });
    expect(report.work.scripts[0].stderr).toContain('/none');
    expect((await hp(['grade', two, '-'], 'true')).stderr).toContain('--node');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  expect(await containersOf(runtime, home.folder)).toEqual([]);
});

test('the redirect lab gives full marks for what it teaches', async () => {
  const session = await startSession(home.folder, 'netfilter/redirect');
  const script = `
    iptables -t nat -A OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80
    curl -s http://127.0.0.1:8888/
    iptables -t nat -D OUTPUT -p tcp --dport 8888 -j REDIRECT --to-port 80
  `;
  await hp(['exec', session, 'host', '--', 'bash', '-s'], script);
  await hp(['answer', session, 'right-chain', 'OUTPUT']);
  const check = await hp(['check', session, '--json']);
  expect(JSON.parse(check.stdout)).toMatchObject({ score: 100, possible: 100, passed: true });
  expect(check.exitCode).toBe(0);
});
