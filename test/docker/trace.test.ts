import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTimeline } from '../../engine/observe/read-timeline.ts';
import { snapshotNodes } from '../../engine/observe/snapshot-nodes.ts';
import { type Traced, type TraceQuestion, traceNow } from '../../engine/sessions/trace.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

const nodes = {
  client: {
    interfaces: { eth0: { link: 'lan', addresses: ['10.3.8.2/24', 'fd00:8::2/64'] } },
    routes: [
      { to: 'default', via: '10.3.8.1' },
      { to: 'default', via: 'fd00:8::1' },
    ],
  },
  router: {
    interfaces: {
      lan: { link: 'lan', addresses: ['10.3.8.1/24', 'fd00:8::1/64'] },
      dmz: { link: 'dmz', addresses: ['172.20.2.1/24', 'fd00:9::1/64'] },
    },
    sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 },
  },
  server: {
    interfaces: { eth0: { link: 'dmz', addresses: ['172.20.2.2/24', 'fd00:9::2/64'] } },
    routes: [
      { to: 'default', via: '172.20.2.1' },
      { to: 'default', via: 'fd00:9::1' },
    ],
    services: [
      { type: 'http' as const, port: 80 },
      { type: 'udp-echo' as const, port: 7 },
    ],
  },
};

interface Case {
  readonly name: string;
  /** What is done on the router, or on the server, as root. */
  readonly router?: string;
  readonly server?: string;
  readonly ask?: Partial<TraceQuestion>;
  readonly outcome: Traced['outcome'];
  /** NODE TABLE CHAIN RULE of each rule that matched on the first packet's way, and of policies that dropped it. */
  readonly way: readonly string[];
  readonly back?: readonly string[];
  /** Where the first packet ended. */
  readonly end?: string;
}

const cases: readonly Case[] = [
  { name: 'nothing in the way', outcome: 'answered', way: [], end: 'server delivered' },
  {
    name: 'a chain of its own, and MASQUERADE undone for the answer',
    router: `iptables -P FORWARD DROP; iptables -N WEB; iptables -A FORWARD -p tcp --dport 80 -j WEB; iptables -A WEB -j ACCEPT
      iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT; iptables -t nat -A POSTROUTING -o dmz -j MASQUERADE`,
    outcome: 'answered',
    way: ['router filter FORWARD 1', 'router filter WEB 1', 'router nat POSTROUTING 1'],
    back: ['router filter FORWARD 2'],
    end: 'server delivered',
  },
  {
    name: 'DNAT to another port',
    router: 'iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.20.2.2:80',
    ask: { to: '10.3.8.1', probe: { protocol: 'tcp', port: 8080 } },
    outcome: 'answered',
    way: ['router nat PREROUTING 1'],
    end: 'server delivered',
  },
  {
    name: 'dropped by a rule behind one that counts',
    server: 'iptables -A INPUT -p tcp; iptables -A INPUT -p tcp --dport 80 -j DROP',
    outcome: 'timeout',
    way: ['server filter INPUT 1', 'server filter INPUT 2'],
    end: 'server dropped',
  },
  {
    name: 'rejected',
    router: 'iptables -I FORWARD -p tcp -j REJECT --reject-with tcp-reset',
    outcome: 'refused',
    way: ['router filter FORWARD 1'],
    end: 'router dropped',
  },
  {
    name: 'dropped by a policy',
    router: 'iptables -P FORWARD DROP',
    outcome: 'timeout',
    way: ['router filter FORWARD 0'],
    end: 'router dropped',
  },
  {
    name: 'not forwarded at all',
    router: 'sysctl -qw net.ipv4.ip_forward=0',
    outcome: 'timeout',
    way: [],
    end: 'router vanished',
  },
  {
    name: 'ping over IPv6',
    router: 'ip6tables -A FORWARD -p icmpv6 -j ACCEPT',
    ask: { probe: { protocol: 'icmp' }, family: 'ipv6' },
    outcome: 'answered',
    way: ['router filter FORWARD 1'],
    back: ['router filter FORWARD 1'],
    end: 'server delivered',
  },
  {
    name: 'UDP through a table of nft itself',
    router: `nft -f - <<'end'
table inet mine {
  chain echo {
    counter accept
  }
  chain way {
    type filter hook forward priority 0; policy drop;
    ct state established accept
    udp dport 7 jump echo
  }
}
end`,
    ask: { probe: { protocol: 'udp', port: 7 } },
    outcome: 'answered',
    way: ['router inet mine way 2', 'router inet mine echo 1'],
    back: ['router inet mine way 1'],
    end: 'server delivered',
  },
];

const clear = `iptables-save | sed -n 's/^\\*//p' | while read table; do iptables -t $table -F; iptables -t $table -X; done
iptables -P FORWARD ACCEPT; ip6tables -F; nft delete table inet mine 2>/dev/null; sysctl -qw net.ipv4.ip_forward=1; conntrack -F 2>/dev/null; true`;

describe('a packet on its way', () => {
  let lab: RunningLab;
  beforeAll(async () => {
    lab = await startRunningLab(nodes);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  test.each(cases)('$name', async ({ router = ':', server = ':', ask = {}, outcome, way, back = [], end }) => {
    for (const [node, script] of Object.entries({ router, server })) {
      expect(await lab.inNode(node, `{ ${clear}; } >/dev/null 2>&1; ${script}`)).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
    }
    const question: TraceQuestion = { from: 'client', to: 'server', probe: { protocol: 'tcp', port: 80 }, ...ask };
    const traced = await traceNow(lab.shell.run, lab.topology, question);
    expect(traced.outcome).toBe(outcome);
    expect(stepsOf(traced, 'first packet')).toEqual(way);
    if (outcome === 'answered') expect(stepsOf(traced, 'answer')).toEqual(back);
    const last = traced.legs[0]?.hops.at(-1);
    expect(`${last?.node} ${last?.end}`).toBe(end);
    expect(traced.partings).toEqual([]);
  });

  test('what the server saw of a masqueraded packet', async () => {
    await lab.inNode('router', `${clear}; iptables -t nat -A POSTROUTING -o dmz -j MASQUERADE`);
    const { legs } = await traceNow(lab.shell.run, lab.topology, {
      from: 'client',
      to: 'server',
      probe: { protocol: 'tcp', port: 80 },
    });
    const [sent, , arrived] = legs[0]?.hops ?? [];
    expect([sent?.before.source, arrived?.before.source]).toEqual(['10.3.8.2', '172.20.2.1']);
    expect(legs[1]?.hops.map(({ node, before, after }) => [node, before.destination, after.destination])).toEqual([
      ['server', '172.20.2.1', '172.20.2.1'],
      ['router', '172.20.2.1', '10.3.8.2'],
      ['client', '10.3.8.2', '10.3.8.2'],
    ]);
  });

  test('rules that matched behind the prediction’s back are where the two part', async () => {
    await lab.inNode('router', `${clear}; iptables -A FORWARD -m statistic --mode nth --every 2 --packet 0 -j ACCEPT`);
    const ask = () =>
      traceNow(lab.shell.run, lab.topology, { from: 'client', to: 'server', probe: { protocol: 'tcp', port: 80 } });
    // Chance: each of its ways is predicted, so neither is a surprise.
    expect((await ask()).partings).toEqual([]);
    expect((await ask()).partings).toEqual([]);
  });

  test('nothing of it is left, neither in a node nor on the timeline', async () => {
    await lab.inNode('router', clear);
    const before = await lab.inNode('router', 'nft list tables; iptables-save | sed "/^#/d; s/\\[.*//"');
    await traceNow(lab.shell.run, lab.topology, {
      from: 'client',
      to: 'server',
      probe: { protocol: 'tcp', port: 80 },
    });
    const after = await lab.inNode('router', 'nft list tables; iptables-save | sed "/^#/d; s/\\[.*//"');
    expect(after.stdout).toBe(before.stdout);
    const { states } = await readTimeline(lab.shell.run);
    const tables = states.flatMap((state) => Object.values(state.nodes).flatMap((node) => node.nftTables));
    expect(tables.map(({ name }) => name).filter((name) => name.startsWith('hookpoint'))).toEqual([]);
    expect(states.at(-1)?.probing).toBe(false);
  });

  test('nor when it is killed in the middle', async () => {
    await lab.inNode('router', `${clear}; iptables -P FORWARD DROP`);
    const cancelled = new AbortController();
    const tracing = traceNow(
      lab.shell.run,
      lab.topology,
      { from: 'client', to: 'server', probe: { protocol: 'tcp', port: 80 } },
      cancelled.signal,
    );
    while (!(await tablesOf('router')).includes('hookpoint-trace'));
    const during = await lab.inNode('router', 'iptables-save; iptables-legacy-save');
    expect(during.stdout).not.toContain('hookpoint');
    cancelled.abort();
    await expect(tracing).rejects.toThrow('Cancelled');
    while ((await tablesOf('router')).includes('hookpoint-trace'));
    const { nftTables } = (await snapshotNodes(lab.shell.run, ['router'])).router ?? {};
    expect(nftTables).toEqual([]);
  });

  const tablesOf = async (node: string) => (await lab.inNode(node, 'nft list tables')).stdout;
});

const stepsOf = ({ legs }: Traced, name: string): readonly string[] =>
  (legs.find((leg) => leg.name === name)?.hops ?? []).flatMap(({ node, steps }) =>
    steps
      .filter(({ rule, verdict }) => rule !== 0 || verdict === 'drop')
      .map(({ table, chain, rule }) => `${node} ${table} ${chain} ${rule}`),
  );
