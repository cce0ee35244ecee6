import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { probeSchema } from '../../engine/grading/checks/probe.ts';
import type { Observed, ProbeAttempt, ProbeResult } from '../../engine/grading/evidence.ts';
import { readNodeFile } from '../../engine/grading/node-file.ts';
import { runProbe } from '../../engine/grading/probe.ts';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import { layout } from '../../engine/runtime/layout.ts';
import { topologySchema } from '../../engine/topology/topology.ts';
import { type LabContainer, startLabContainer } from '../support/lab-container.ts';

/** client - router - server, made by hand: namespaces alone are enough for a probe. */
const network = `set -e
for node in client router server; do
  ip netns add $node; ip -n $node link set lo up
  # An address that is still being tried for duplicates would look changed a moment later.
  ip netns exec $node sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
done
ip -n client link add eth0 type veth peer name lan netns router
ip -n router link add wan type veth peer name eth0 netns server
ip -n client address add 10.3.7.2/24 dev eth0; ip -n router address add 10.3.7.1/24 dev lan
ip -n router address add 172.20.1.1/24 dev wan; ip -n server address add 172.20.1.2/24 dev eth0
ip -n client link set eth0 up; ip -n router link set lan up; ip -n router link set wan up; ip -n server link set eth0 up
ip -n client route add default via 10.3.7.1
ip netns exec router sysctl -qw net.ipv4.ip_forward=1
ip netns exec router iptables -t nat -A POSTROUTING -o wan -j MASQUERADE
ip netns exec router iptables -A FORWARD -p tcp --dport 82 -j DROP
ip netns exec router iptables -A FORWARD -p tcp --dport 83 -j REJECT --reject-with icmp-admin-prohibited
ip netns exec router iptables -A FORWARD -p udp --dport 84 -j REJECT --reject-with icmp-host-prohibited
ip netns exec router iptables -A FORWARD -p tcp --dport 85 -j REJECT --reject-with tcp-reset
ip netns exec client iptables -A OUTPUT -p udp --dport 86 -j DROP
mkdir -p /run/empty
listen() { ip netns exec $1 setsid $2 </dev/null >/dev/null 2>&1 & }
listen server 'python3 -m http.server --directory /run/empty 80'
listen server 'socat UDP-LISTEN:53,fork EXEC:cat'
listen client 'socat TCP-LISTEN:5000,fork EXEC:cat'
for wait in "server -tln sport = :80" "server -uln sport = :53" "client -tln sport = :5000"; do
  set -- $wait; node=$1; shift
  until [ -n "$(ip netns exec $node ss -H "$@")" ]; do read -rt 0.02 <> <(:) || true; done
done`;

const topology = topologySchema.parse({
  nodes: {
    client: { interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.2/24'] } } },
    router: {
      interfaces: {
        lan: { link: 'lan', addresses: ['10.3.7.1/24'] },
        wan: { link: 'wan', addresses: ['172.20.1.1/24'] },
      },
    },
    server: { interfaces: { eth0: { link: 'wan', addresses: ['172.20.1.2/24'] } } },
  },
});

let lab: LabContainer;
let shell: ResidentShell;

beforeAll(async () => {
  lab = await startLabContainer();
  shell = await openShell(lab.container);
  const made = await shell.run(network, { timeout: 30_000 });
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
});

afterAll(async () => {
  await shell[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function probe(spec: Partial<z.input<typeof probeSchema>>): Promise<Observed<ProbeResult>> {
  const whole = { from: 'client', to: '172.20.1.2', proto: 'tcp', expect: 'answered', seconds: 0.5, ...spec };
  return runProbe(probeSchema.parse(whole), { run: shell.run, topology });
}

async function attempt(spec: Partial<z.input<typeof probeSchema>>): Promise<ProbeAttempt> {
  const result = await probe(spec);
  if ('failure' in result) throw new Error(result.failure);
  const [first] = result.value.attempts;
  if (first === undefined) throw new Error('no attempt');
  return first;
}

const wanAddress = { node: 'server', interface: 'eth0', source: '172.20.1.1', destination: '172.20.1.2' };

describe('a probe from a node', () => {
  test.each([
    { proto: 'tcp', port: 80 },
    { proto: 'http', port: 80 },
    { proto: 'udp', port: 53 },
    { proto: 'icmp' },
  ] as const)('$proto is answered, and the server sees the masqueraded source', async (spec) => {
    const result = await attempt(spec);
    expect(result).toMatchObject({ outcome: 'answered', seen: [wanAddress] });
    expect(result.elapsedMs).toBeLessThan(400);
  });
  test.each([
    [{ port: 81 }, 'refused', 1],
    [{ port: 82 }, 'timeout', 0],
    [{ port: 83 }, 'unreachable', 0],
    [{ port: 85 }, 'refused', 0],
    [{ proto: 'udp', port: 54 }, 'refused', 1],
    [{ proto: 'udp', port: 84 }, 'unreachable', 0],
    [{ proto: 'udp', port: 86 }, 'timeout', 0],
    [{ to: '192.0.2.9', port: 80 }, 'unreachable', 0],
  ] as const)('%j is %s', async (spec, outcome, seen) => {
    const result = await attempt('to' in spec ? { ...spec, from: 'server' } : spec);
    expect(result.outcome).toBe(outcome);
    expect(result.seen).toHaveLength(seen);
    if (outcome !== 'timeout') expect(result.elapsedMs).toBeLessThan(400);
  });
  test('one that has only to arrive is over when it has', async () => {
    const result = await attempt({ proto: 'udp', port: 53, expect: 'delivered', seconds: 5 });
    expect(result.seen).toMatchObject([wanAddress]);
    expect(result.elapsedMs).toBeLessThan(1000);
  });
  test('moves the counters of the very rule', async () => {
    const counted = { node: 'router', chain: 'FORWARD', spec: '-p tcp --dport 85 -j REJECT --reject-with tcp-reset' };
    const others = { ...counted, spec: '-p tcp --dport 82 -j DROP' };
    const result = await probe({ port: 85, expect: 'refused', count: 3, counters: [counted, others] });
    if ('failure' in result) throw new Error(result.failure);
    expect(result.value.attempts).toHaveLength(3);
    const [first, second] = result.value.counters.map(({ before, after }) => (after ?? 0) - (before ?? 0));
    expect([first, second]).toEqual([3, 0]);
  });
  test('a node without a namespace is a failure, not a verdict', async () => {
    expect(await probe({ from: 'nobody', port: 80 })).toEqual({ failure: expect.stringContaining('No such file') });
  });
});

describe('a probe from an outside host', () => {
  const from = { outside: { link: 'wan', address: '172.20.1.200', gateway: '172.20.1.1' } };
  const outside = (spec: Partial<z.input<typeof probeSchema>>) => attempt({ from, to: '10.3.7.2', ...spec });
  test('gets in where the router lets it', async () => {
    const seen = [{ node: 'client', interface: 'eth0', source: '172.20.1.200', destination: '10.3.7.2' }];
    expect(await outside({ port: 5000 })).toMatchObject({ outcome: 'answered', seen });
    expect(await outside({ port: 5001 })).toMatchObject({ outcome: 'refused', seen });
    expect(await outside({ proto: 'icmp' })).toMatchObject({ outcome: 'answered', seen });
    expect(await outside({ proto: 'udp', port: 5001 })).toMatchObject({ outcome: 'refused', seen });
  });
  test('and not where it does not', async () => {
    expect(await outside({ port: 82 })).toMatchObject({ outcome: 'timeout', seen: [] });
    expect(await outside({ port: 83 })).toMatchObject({ outcome: 'unreachable', seen: [] });
  });
  test('changes no address, link or route of any node', async () => {
    const read =
      'for node in client router server; do for what in address link route; do ip -n $node $what; done; done';
    const before = await shell.run(read);
    await outside({ port: 5000 });
    expect((await shell.run(read)).stdout).toBe(before.stdout);
    expect((await shell.run('ls /run/netns')).stdout.trim().split(/\s+/)).toEqual(['client', 'router', 'server']);
  });
  test('a link that is not there is a failure', async () => {
    const nowhere = { outside: { ...from.outside, gateway: '10.99.0.1' } };
    expect(await probe({ from: nowhere, port: 80 })).toEqual({ failure: expect.stringContaining('10.99.0.1') });
  });
});

describe('a file of a node', () => {
  const root = `${layout.node('host')}/root`;
  const read = (path: string) => readNodeFile(shell.run, { node: 'host', path });
  beforeAll(async () => {
    await shell.run(`mkdir -p ${root}/root ${root}/etc && cd ${root}/root && echo rules > plain && ln -s plain link &&
      ln -s /etc/passwd absolute && ln -s ../../../../../../../../etc/hostname upward && ln -s round round && mkfifo pipe && mkdir folder &&
      ln -s /proc/self/root/etc/passwd around && truncate -s 100M large`);
  });
  test('is read, through links too', async () => {
    expect(await read('/root/plain')).toEqual({ value: { kind: 'text', text: 'rules\n' } });
    expect(await read('/root/./link')).toEqual({ value: { kind: 'text', text: 'rules\n' } });
  });
  test.each(['/root/absolute', '/root/upward', '/root/around', '/../../etc/passwd', '/root/none', '/root/plain/x'])(
    '%s leads to nothing outside the node',
    async (path) => {
      expect(await read(path)).toEqual({ value: { kind: 'absent' } });
    },
  );
  test('what is no file, or too large, says so', async () => {
    expect(await read('/root/round')).toEqual({ value: { kind: 'not-a-file', what: 'symbolic links in a circle' } });
    expect(await read('/root/pipe')).toEqual({ value: { kind: 'not-a-file', what: 'a special file' } });
    expect(await read('/root/folder')).toEqual({ value: { kind: 'not-a-file', what: 'a folder' } });
    expect(await read('/root/large')).toEqual({ value: { kind: 'too-large', bytes: 104857600 } });
  });
});
