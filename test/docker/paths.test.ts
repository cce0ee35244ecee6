import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PathNetwork, type PathVerdict, tracePath } from '../../engine/netfilter/index.ts';
import { snapshotNodes } from '../../engine/observe/snapshot-nodes.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

/** client - lan - router - dmz - server, and a second server on the lan. */
const nodes = {
  client: {
    interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.2/24'] } },
    routes: [{ to: 'default', via: '10.3.7.1' }],
  },
  router: {
    interfaces: {
      lan: { link: 'lan', addresses: ['10.3.7.1/24'] },
      dmz: { link: 'dmz', addresses: ['172.20.1.1/24'] },
    },
    sysctls: { 'net.ipv4.ip_forward': 1 },
  },
  server: {
    interfaces: { eth0: { link: 'dmz', addresses: ['172.20.1.2/24'] } },
    routes: [{ to: 'default', via: '172.20.1.1' }],
    services: [{ type: 'http' as const, port: 80 }],
  },
  neighbour: {
    interfaces: { eth0: { link: 'lan', addresses: ['10.3.7.3/24'] } },
    services: [{ type: 'http' as const, port: 80 }],
  },
};
type Node = keyof typeof nodes;

interface Case {
  readonly name: string;
  /** What is done on nodes, as root. */
  readonly on: Partial<Record<Node, string>>;
  /** And undone, where flushing the rules is not enough. */
  readonly undo?: Partial<Record<Node, string>>;
  readonly to?: string;
  readonly port?: number;
  readonly verdict: PathVerdict;
  readonly died?: { readonly leg: string; readonly node: Node };
}

const established = '-m conntrack --ctstate ESTABLISHED -j ACCEPT';
const cases: readonly Case[] = [
  { name: 'nothing in the way', on: {}, verdict: 'answered' },
  { name: 'a neighbour', on: {}, to: '10.3.7.3', verdict: 'answered' },
  { name: 'a port that nobody listens on', on: {}, port: 81, verdict: 'refused' },
  {
    name: 'dropped in FORWARD',
    on: { router: 'iptables -A FORWARD -p tcp --dport 80 -j DROP' },
    verdict: 'lost',
    died: { leg: 'first packet', node: 'router' },
  },
  {
    name: 'rejected at the server',
    on: { server: 'iptables -A INPUT -p tcp --dport 80 -j REJECT' },
    verdict: 'rejected',
    died: { leg: 'first packet', node: 'server' },
  },
  {
    name: 'answers are not let through',
    on: { router: 'iptables -P FORWARD DROP; iptables -A FORWARD -p tcp --dport 80 -j ACCEPT' },
    verdict: 'lost',
    died: { leg: 'answer', node: 'router' },
  },
  {
    name: 'answers of connections are',
    on: {
      router: `iptables -P FORWARD DROP; iptables -A FORWARD -p tcp --dport 80 -j ACCEPT; iptables -A FORWARD ${established}`,
    },
    verdict: 'answered',
  },
  {
    name: 'the first packet alone is let in',
    on: { server: 'iptables -P INPUT DROP; iptables -A INPUT -m conntrack --ctstate NEW -j ACCEPT' },
    verdict: 'lost',
    died: { leg: 'next packet', node: 'server' },
  },
  { name: 'MASQUERADE', on: { router: 'iptables -t nat -A POSTROUTING -o dmz -j MASQUERADE' }, verdict: 'answered' },
  {
    name: 'DNAT of the router’s port',
    on: { router: 'iptables -t nat -A PREROUTING -i lan -p tcp --dport 8080 -j DNAT --to-destination 172.20.1.2:80' },
    to: '10.3.7.1',
    port: 8080,
    verdict: 'answered',
  },
  {
    name: 'DNAT back into the same segment: the answer comes from a stranger',
    on: { router: 'iptables -t nat -A PREROUTING -i lan -p tcp --dport 8080 -j DNAT --to-destination 10.3.7.3:80' },
    to: '10.3.7.1',
    port: 8080,
    verdict: 'lost',
    died: { leg: 'answer', node: 'client' },
  },
  {
    name: 'and with MASQUERADE it comes back over the router',
    on: {
      router:
        'iptables -t nat -A PREROUTING -i lan -p tcp --dport 8080 -j DNAT --to-destination 10.3.7.3:80; iptables -t nat -A POSTROUTING -o lan -j MASQUERADE',
    },
    to: '10.3.7.1',
    port: 8080,
    verdict: 'answered',
  },
  {
    name: 'DNAT in OUTPUT of the client itself',
    on: { client: 'iptables -t nat -A OUTPUT -d 192.0.2.1 -p tcp -j DNAT --to-destination 172.20.1.2' },
    to: '192.0.2.1',
    verdict: 'answered',
  },
  {
    name: 'the server has no way back',
    on: { server: 'ip route del default' },
    undo: { server: 'ip route add default via 172.20.1.1' },
    verdict: 'lost',
    died: { leg: 'answer', node: 'server' },
  },
  {
    name: 'a router that does not forward',
    on: { router: 'sysctl -qw net.ipv4.ip_forward=0' },
    undo: { router: 'sysctl -qw net.ipv4.ip_forward=1' },
    verdict: 'lost',
    died: { leg: 'first packet', node: 'router' },
  },
  {
    name: 'strict reverse path filter against a route of the server’s side',
    on: { router: 'ip route add 10.3.7.2/32 dev dmz; sysctl -qw net.ipv4.conf.all.rp_filter=1' },
    undo: { router: 'ip route del 10.3.7.2/32 dev dmz; sysctl -qw net.ipv4.conf.all.rp_filter=0' },
    verdict: 'lost',
    died: { leg: 'first packet', node: 'router' },
  },
  {
    name: 'a routing rule that refuses',
    on: { router: 'ip rule add from 10.3.7.0/24 blackhole pref 10' },
    undo: { router: 'ip rule del pref 10' },
    verdict: 'lost',
    died: { leg: 'first packet', node: 'router' },
  },
  {
    name: 'an ipset of the server',
    on: {
      server:
        'ipset create bad hash:net; ipset add bad 10.3.7.0/24; iptables -A INPUT -m set --match-set bad src -j DROP',
    },
    undo: { server: 'iptables -F; ipset destroy bad' },
    verdict: 'lost',
    died: { leg: 'first packet', node: 'server' },
  },
];

/** curl's exit status: 7 could not connect, 28 no answer in time. */
const statusOf: Readonly<Record<PathVerdict, number>> = { answered: 0, refused: 7, rejected: 7, lost: 28, unknown: -1 };

let lab: RunningLab;
beforeAll(async () => {
  lab = await startRunningLab(nodes);
});
afterAll(() => lab[Symbol.asyncDispose]());

async function network(): Promise<PathNetwork> {
  const snapshots = await snapshotNodes(lab.shell.run, Object.keys(nodes));
  return {
    nodes: Object.entries(snapshots).map(([name, snapshot]) => ({
      name,
      state: snapshot,
      rulesets: snapshot.rulesets.map(({ ruleset }) => ruleset),
    })),
    segments: ['lan', 'dmz'].map((link) => ({
      name: link,
      ends: Object.entries(nodes).flatMap(([node, { interfaces }]) =>
        Object.entries(interfaces).flatMap(([name, one]) => (one.link === link ? [{ node, interface: name }] : [])),
      ),
    })),
  };
}

async function run(scripts: Partial<Record<Node, string>>): Promise<void> {
  for (const [node, script] of Object.entries(scripts)) {
    expect(await lab.inNode(node, `set -e; ${script}`)).toMatchObject({ exitCode: 0, stderr: '' });
  }
}

const flush =
  'for t in filter nat; do iptables -t $t -F; done; for c in INPUT FORWARD OUTPUT; do iptables -P $c ACCEPT; done';

describe('a path says what a real connection meets', () => {
  test.each(cases)('$name: $verdict', async ({ on, undo = {}, to = '172.20.1.2', port = 80, verdict, died }) => {
    await run(on);
    try {
      const trace = tracePath({ network: await network(), from: 'client', to, probe: { protocol: 'tcp', port } });
      expect(trace.ways).toHaveLength(1);
      expect(trace).toMatchObject({ verdict, ways: [died === undefined ? {} : { died }] });
      const { exitCode, stdout } = await lab.inNode('client', `curl -s -m 1 http://${to}:${port}/`);
      expect(exitCode).toBe(statusOf[verdict]);
      if (exitCode === 0) {
        const { node, client } = JSON.parse(stdout);
        expect(trace.ways[0]?.seen).toMatchObject({ node, src: String(client).split(':').at(0) });
      }
    } finally {
      await run({ client: flush, router: flush, server: flush });
      await run(undo);
    }
  });
});
