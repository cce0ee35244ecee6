import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Container, ContainerRuntime } from '../../engine/runtime/container.ts';
import { connectDocker } from '../../engine/runtime/docker/connect.ts';
import { type RunningCli, runCli, startCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { containersOf, startSession } from '../support/session-containers.ts';

const home = temporaryHome();
let runtime: ContainerRuntime;
let container: Container;
let session: string;

beforeAll(async () => {
  session = await startSession(home.folder, join(tinyPack, 'two'));
  runtime = await connectDocker();
  const [state] = await containersOf(runtime, home.folder);
  container = runtime.container(state?.id ?? '');
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await runCli(['clean', '--all'], { home: home.folder });
  home[Symbol.dispose]();
});

/** Starts a capture and waits until it has begun. */
async function capture(...words: string[]): Promise<RunningCli> {
  const running = startCli(['capture', session, ...words], { home: home.folder });
  const begun = (async () => {
    for (let said = ''; !said.includes('Capturing on'); ) {
      said += String((await once(running.child.stderr ?? process.stdin, 'data'))[0]);
    }
  })();
  await Promise.race([begun, running.ended]);
  return running;
}

const ping = (count = 2) =>
  runCli(['exec', session, 'client', '--', 'ping', '-q', '-c', String(count), '-i', '0.2', '10.9.0.1'], {
    home: home.folder,
  });

async function processes(): Promise<string> {
  return (await container.exec(['pgrep', '-fa', 'tcpdump|capture.py'])).stdout;
}

test('lines say which node sent to which, and Ctrl-C ends it with the count', async () => {
  const { child, ended } = await capture('client:eth0', 'icmp');
  await ping();
  child.kill('SIGINT');
  const { exitCode, stdout, stderr } = await ended;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^\d\d:\d\d:\d\d\.\d{6} {2}client > server {2}10\.9\.0\.\d+ > 10\.9\.0\.1: ICMP echo request/m,
  );
  expect(stdout).toMatch(/ {2}server > client {2}.*echo reply/);
  expect(stderr).toContain('4 packets captured.');
});

test('-w saves a pcap, to a file or to whoever reads', async () => {
  const file = join(home.folder, 'ping.pcap');
  const [saved, piped] = await Promise.all([
    capture('client:eth0', '-w', file, '--count', '2', 'icmp'),
    capture('server:eth0', '-w', '-', '--count', '2', 'icmp'),
  ]);
  await ping();
  const [{ exitCode, stderr }, { stdout }] = await Promise.all([saved.ended, piped.ended]);
  expect(exitCode).toBe(0);
  expect(stderr).toContain(`2 packets captured into ${file}.`);
  const script = 'cat >/tmp/read.pcap; tcpdump -n -r /tmp/read.pcap 2>/dev/null; rm /tmp/read.pcap';
  const read = await container.exec(['bash', '-c', script], { stdin: readFileSync(file) });
  expect(read.stdout.trim().split('\n')).toHaveLength(2);
  expect(read.stdout).toContain('ICMP echo request');
  // Text at this end: the magic number of pcap-savefile(5) has bytes that are none.
  expect(stdout.length).toBeGreaterThan(24);
});

test('bad input is said with status 2', async () => {
  const refused = async (...words: string[]) => {
    const { exitCode, stderr } = await runCli(['capture', session, ...words], { home: home.folder });
    return [exitCode, stderr.split('\n')[0]];
  };
  expect(await refused('nowhere')).toEqual([2, expect.stringContaining('has no link "nowhere"')]);
  expect(await refused('nobody:eth0')).toEqual([2, expect.stringContaining('has no node "nobody"')]);
  expect(await refused('client:-w')).toEqual([2, expect.stringContaining("cannot be an interface's name")]);
  expect(await refused('client:eth0', 'tcp', 'porrt', '80')).toEqual([2, expect.stringContaining('syntax error')]);
  expect(await refused('client:eth0', '--snaplen', '1')).toEqual([2, expect.stringContaining('--snaplen')]);
  expect(await refused('client:eth0', '-w', '/no/such/folder/a.pcap')).toEqual([2, expect.stringContaining('a.pcap')]);
});

test('kill -9 of the engine leaves no tcpdump and no file', async () => {
  const running = await Promise.all([capture('client:eth0'), capture('server:eth0', '-w', '/dev/null')]);
  expect((await processes()).split('\n').length).toBeGreaterThan(4);
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  await expect.poll(processes, { timeout: 10_000 }).toBe('');
  const files = (await container.exec(['ls', '-A', '/var/lib/hookpoint'])).stdout.trim().split('\n');
  expect(files.filter((name) => name !== 'checkpointed')).toEqual(['timeline.ndjson']);
});

test('what came while Hookpoint itself sent packets is marked', async () => {
  const { child, ended } = await capture('client:eth0', '--json');
  await ping(1);
  await runCli(['trace', session, '--from', 'client', '--to', 'server', '--icmp'], { home: home.folder });
  child.kill('SIGINT');
  const { stdout } = await ended;
  const packets = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [first] = packets;
  expect(first.probe).toBe(false);
  expect(packets.some(({ probe }) => probe)).toBe(true);
});
