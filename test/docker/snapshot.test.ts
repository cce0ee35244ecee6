import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type ResidentShell } from '../../engine/observe/resident-shell.ts';
import type { NodeSnapshot } from '../../engine/observe/snapshot.ts';
import { snapshotNodes } from '../../engine/observe/snapshot-nodes.ts';
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

async function makeNode(node: string, script: string): Promise<NodeSnapshot> {
  const text = `set -e\nip netns add ${node}\nip -n ${node} link set lo up\nnsenter --net=/run/netns/${node} bash -e <<'SCRIPT'\n${script}\nSCRIPT`;
  const result = await shell.run(text, { timeout: 60_000 });
  expect(result.exitCode, result.stderr).toBe(0);
  const snapshot = (await snapshotNodes(shell.run, [node]))[node];
  if (snapshot === undefined) throw new Error('no snapshot');
  return snapshot;
}

function chainOf(snapshot: NodeSnapshot, table: string, chain: string, backend = 'nft') {
  const ruleset = snapshot.rulesets.find((each) => each.backend === backend && each.family === 'ipv4')?.ruleset;
  return ruleset?.tables.find((each) => each.name === table)?.chains.find((each) => each.name === chain);
}

test('a node nobody has touched has no rules and no problems', async () => {
  const snapshot = await makeNode('untouched', 'true');
  expect(snapshot.rulesets).toEqual([]);
  expect(snapshot.problems).toEqual([]);
  expect(snapshot.sysctls['net.ipv4.ip_forward']).toMatch(/^[01]$/);
  expect(snapshot.links).toContainEqual(expect.objectContaining({ name: 'lo', up: true }));
});

test('rules have counters and the handles of the kernel', async () => {
  const snapshot = await makeNode(
    'plain',
    `iptables -A INPUT -p icmp -j ACCEPT; iptables -I INPUT -p tcp --dport 22 -j DROP; iptables -P FORWARD DROP
    ip6tables -A INPUT -p tcp --dport 80 -j ACCEPT
    ping -q -c 1 127.0.0.1`,
  );
  const input = chainOf(snapshot, 'filter', 'INPUT');
  expect(input?.rules.map((rule) => rule.handle)).toHaveLength(2);
  expect(new Set(input?.rules.map((rule) => rule.handle)).size).toBe(2);
  expect(input?.rules[1]?.counters?.packets).toBe(2);
  expect(chainOf(snapshot, 'filter', 'FORWARD')?.policy).toBe('DROP');
  expect(snapshot.rulesets.map((each) => [each.family, each.backend])).toEqual([
    ['ipv4', 'nft'],
    ['ipv6', 'nft'],
  ]);
  expect(snapshot.generation).toBeGreaterThan(0);
});

test('legacy rules are told apart from those of nf_tables', async () => {
  const snapshot = await makeNode(
    'old',
    'iptables-legacy -A INPUT -p tcp --dport 23 -j DROP; iptables -A INPUT -p tcp --dport 22 -j ACCEPT',
  );
  expect(snapshot.rulesets.map((each) => each.backend)).toEqual(['nft', 'legacy']);
  expect(chainOf(snapshot, 'filter', 'INPUT', 'legacy')?.rules).toHaveLength(1);
  expect(chainOf(snapshot, 'filter', 'INPUT')?.rules).toHaveLength(1);
});

test('a rule that nft wrote into a table of iptables is not what iptables-save says', async () => {
  const snapshot = await makeNode(
    'mixed',
    "iptables -A INPUT -p tcp --dport 22 -j ACCEPT; nft add rule ip filter INPUT tcp dport '{ 80, 443 }' accept",
  );
  const [first, second] = chainOf(snapshot, 'filter', 'INPUT')?.rules ?? [];
  expect(first?.origin).toBe('iptables');
  expect(second?.origin).toBe('nft');
});

test('a table that iptables-save refuses is read all the same', async () => {
  const snapshot = await makeNode(
    'refused',
    'iptables -A INPUT -p tcp --dport 22 -j ACCEPT; nft add rule ip filter INPUT ct state established,related accept',
  );
  const rules = chainOf(snapshot, 'filter', 'INPUT')?.rules ?? [];
  expect(rules.map((rule) => rule.origin)).toEqual(['iptables', 'nft']);
});

test('other tables of nft, sets, routes, listeners and connections', async () => {
  const snapshot = await makeNode(
    'various',
    `nft add table inet mine; ipset create bad hash:ip; ipset add bad 192.0.2.1
    ip link add eth0 type veth peer name eth1; ip addr add 10.1.2.3/24 dev eth0; ip link set eth0 up; ip route add 10.9.0.0/16 via 10.1.2.1
    iptables -t nat -A OUTPUT -p udp --dport 5353 -j REDIRECT --to-port 53
    nc -l 127.0.0.1 8080 >/dev/null & until ss -Hltn | grep -q :8080; do :; done
    echo hello >/dev/udp/127.0.0.1/5353`,
  );
  expect(snapshot.problems).toEqual([]);
  expect(snapshot.nftTables).toMatchObject([{ family: 'inet', name: 'mine' }]);
  expect(snapshot.ipsets).toMatchObject([{ name: 'bad', type: 'hash:ip', entries: ['192.0.2.1'] }]);
  expect(snapshot.addresses).toContainEqual({ interface: 'eth0', address: '10.1.2.3', prefix: 24 });
  expect(snapshot.routes).toContainEqual(
    expect.objectContaining({ destination: '10.9.0.0/16', via: '10.1.2.1', interface: 'eth0' }),
  );
  expect(snapshot.listeners).toContainEqual({ protocol: 'tcp', address: '127.0.0.1', port: 8080 });
  expect(snapshot.conntrack).toContainEqual(
    expect.objectContaining({ protocol: 'udp', original: expect.objectContaining({ destinationPort: 5353 }) }),
  );
});

test('a node that is not there is unknown, not empty', async () => {
  const snapshot = (await snapshotNodes(shell.run, ['nowhere', 'untouched'])).nowhere;
  expect(snapshot?.problems.map((problem) => problem.section)).toContain('iptables');
});
