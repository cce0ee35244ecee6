import { describe, expect, test } from 'vitest';
import {
  actsOf,
  explainPath,
  flowText,
  type PathNetwork,
  PathQuestionError,
  type PathWay,
  type Probe,
  tracePath,
} from '../../../engine/netfilter/index.ts';
import { lab, threeNodes } from './lab.ts';

const web: Probe = { protocol: 'tcp', port: 80 };
const trace = (network: PathNetwork, probe: Probe = web, to = 'server', from = 'client') =>
  tracePath({ network, from, to, probe });
const only = (network: PathNetwork, probe: Probe = web, to = 'server', from = 'client'): PathWay => {
  const { ways } = trace(network, probe, to, from);
  expect(ways).toHaveLength(1);
  const [way] = ways;
  if (way === undefined) throw new Error('no way');
  return way;
};
const nodesOf = (way: PathWay) => way.legs.map(({ hops }) => hops.map(({ node }) => node).join(' '));
const filter = (...rules: string[]) =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`;
const nat = (...rules: string[]) =>
  `*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`;

describe('client, router, server', () => {
  test('nothing in the way: four legs, each over all three', () => {
    const way = only(threeNodes());
    expect(way).toMatchObject({ verdict: 'answered', died: null, conditions: [], probability: 1 });
    const [there, back] = ['client router server', 'server router client'];
    expect(nodesOf(way)).toEqual([there, back, there, back]);
    expect(way.seen).toEqual({ node: 'server', src: '10.0.0.2', dst: '10.0.1.2', sport: 40000, dport: 80 });
    expect(way.legs[0]?.hops.map(({ in: came, out }) => [came, out])).toEqual([
      [null, 'eth0'],
      ['lan', 'dmz'],
      ['eth0', null],
    ]);
    expect(way.legs[0]?.hops.map(({ after }) => after.ttl)).toEqual([64, 63, 63]);
  });

  test('a rule of the router drops it: which node, which rule', () => {
    const way = only(threeNodes({ router: filter('-A FORWARD -p udp -j ACCEPT', '-A FORWARD -p tcp -j DROP') }));
    expect(way).toMatchObject({ verdict: 'lost', died: { leg: 'first packet', node: 'router' }, seen: null });
    expect(explainPath(trace(threeNodes({ router: filter('-A FORWARD -p tcp -j DROP') })))).toBe(
      'The first packet dies on router. It got to FORWARD (filter); rule 1 (-p tcp -j DROP) dropped it.',
    );
  });

  test('the answer needs a rule of its own where FORWARD is closed', () => {
    const open = (...rules: string[]) =>
      threeNodes({ router: filter(...rules).replace(':FORWARD ACCEPT', ':FORWARD DROP') });
    expect(only(open('-A FORWARD -p tcp --dport 80 -j ACCEPT'))).toMatchObject({
      verdict: 'lost',
      died: { leg: 'answer', node: 'router' },
      seen: { node: 'server' },
    });
    const established = '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT';
    expect(only(open('-A FORWARD -p tcp --dport 80 -j ACCEPT', established)).verdict).toBe('answered');
  });

  test('what did it on a node is told in a word, a policy too', () => {
    const router = filter('-A FORWARD -p udp -j ACCEPT').replace(':FORWARD ACCEPT', ':FORWARD DROP');
    expect(only(threeNodes({ router })).legs[0]?.hops.map(actsOf)).toEqual([[], ['filter FORWARD policy DROP']]);
  });

  test('a later packet is asked for too: NEW alone is not enough', () => {
    const way = only(
      threeNodes({
        server: filter('-A INPUT -m conntrack --ctstate NEW -j ACCEPT', '-A INPUT -j DROP'),
      }),
    );
    expect(way).toMatchObject({ verdict: 'lost', died: { leg: 'next packet', node: 'server' } });
    expect(
      explainPath(trace(threeNodes({ server: filter('-A INPUT -m conntrack ! --ctstate NEW -j DROP') }))),
    ).toContain('a later packet dies on server');
  });

  test('a rejected packet is told from a lost one', () => {
    expect(only(threeNodes({ server: filter('-A INPUT -p tcp -j REJECT') })).verdict).toBe('rejected');
  });

  test('nothing listens on the port: refused, and the client hears it', () => {
    const way = only(threeNodes(), { protocol: 'tcp', port: 81 });
    expect(way).toMatchObject({ verdict: 'refused', seen: { dport: 81 } });
    expect(nodesOf(way)).toHaveLength(2);
    expect(explainPath(trace(threeNodes(), { protocol: 'udp', port: 53 }))).toContain(
      'nothing listens there on port 53',
    );
  });

  test('ping', () => {
    const way = only(threeNodes(), { protocol: 'icmp' });
    expect(way.verdict).toBe('answered');
    expect(way.legs.map(({ hops }) => hops[0]?.before.icmpType)).toEqual([8, 0, 8, 0]);
  });

  test('a router that does not forward', () => {
    const network = threeNodes({}, { router: { sysctls: { 'net.ipv4.ip_forward': '0' } } });
    expect(explainPath(trace(network))).toContain('does not forward packets (ip_forward is 0)');
  });
});

describe('nat on the way', () => {
  test('MASQUERADE: the server sees the router, the answer finds the client', () => {
    const way = only(threeNodes({ router: nat('-A POSTROUTING -o dmz -j MASQUERADE') }));
    expect(way).toMatchObject({ verdict: 'answered', seen: { src: '10.0.1.1' } });
    expect(way.legs[1]?.hops.map(({ after }) => flowText(after))).toEqual([
      '10.0.1.2:80 > 10.0.1.1:40000',
      '10.0.1.2:80 > 10.0.0.2:40000',
      '10.0.1.2:80 > 10.0.0.2:40000',
    ]);
  });

  test('DNAT: asked is the router, the answer seems to come from it', () => {
    const router = nat('-A PREROUTING -i lan -p tcp --dport 8080 -j DNAT --to-destination 10.0.1.2:80');
    const way = only(threeNodes({ router }), { protocol: 'tcp', port: 8080 }, 'router');
    expect(way).toMatchObject({ verdict: 'answered', seen: { node: 'server', dst: '10.0.1.2', dport: 80 } });
    expect(way.legs[1]?.hops.at(-1)?.after).toMatchObject({ src: '10.0.0.1', sport: 8080 });
  });

  test('DNAT to a server that does not send its answers back over the router: they come from a stranger', () => {
    const network = lab(
      {
        client: {
          addresses: ['eth0 10.0.0.2/24'],
          routes: ['10.0.1.0/24 dev eth0'],
          rules: filter('-A INPUT -m conntrack --ctstate INVALID -j DROP'),
        },
        router: {
          addresses: ['lan 10.0.0.1/24'],
          rules: nat('-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.3'),
          state: { sysctls: { 'net.ipv4.ip_forward': '1' } },
        },
        server: { addresses: ['eth0 10.0.0.3/24'] },
      },
      ['lan: client:eth0 router:lan server:eth0'],
    );
    const way = only(network, web, 'router');
    expect(way).toMatchObject({ verdict: 'lost', died: { leg: 'answer', node: 'client' }, seen: { node: 'server' } });
  });

  test('and without that rule the socket of the client is not the one that the answer is for', () => {
    const network = lab(
      {
        client: { addresses: ['eth0 10.0.0.2/24'] },
        router: {
          addresses: ['lan 10.0.0.1/24'],
          rules: nat('-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.3'),
          state: { sysctls: { 'net.ipv4.ip_forward': '1' } },
        },
        server: { addresses: ['eth0 10.0.0.3/24'] },
      },
      ['lan: client:eth0 router:lan server:eth0'],
    );
    expect(only(network, web, 'router')).toMatchObject({ verdict: 'lost', died: { leg: 'answer', node: 'client' } });
    expect(explainPath(trace(network, web, 'router'))).toContain(
      'client waits for an answer from 10.0.0.1 port 80; this one comes from 10.0.0.3 port 80 and belongs to nothing.',
    );
  });

  test('REDIRECT on the client itself stays on lo, and nat is asked once', () => {
    const client = nat(
      '-A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 8080',
      '-A PREROUTING -p tcp -j REDIRECT --to-ports 9',
    );
    const way = only(threeNodes({ client }));
    expect(way.seen).toMatchObject({ node: 'client', dst: '127.0.0.1', dport: 8080 });
    expect(way.legs[0]?.hops.map(({ node, in: came, out }) => [node, came, out])).toEqual([
      ['client', null, 'lo'],
      ['client', 'lo', null],
    ]);
    expect(way.verdict).toBe('answered');
    expect(way.legs[1]?.hops.at(-1)?.after).toMatchObject({ src: '10.0.1.2', sport: 80 });
  });

  test('a draw between two endpoints is two ways with their shares', () => {
    const router = nat(
      '-A PREROUTING -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.0.1.2:80',
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.0.1.9:80',
    );
    const found = trace(threeNodes({ router }));
    expect(found.verdict).toBe('unknown');
    expect(Object.fromEntries(found.ways.map(({ verdict, probability }) => [verdict, probability]))).toEqual({
      answered: 0.5,
      lost: 0.5,
    });
    expect(explainPath(found)).toContain('on router nat PREROUTING rule 1 takes it');
  });
});

describe('IPv6', () => {
  const six = (router = '', sysctls: Record<string, string> = { 'net.ipv6.conf.all.forwarding': '1' }) =>
    lab(
      {
        client: { addresses: ['eth0 fd00:1::2/64'], routes: ['default via fd00:1::1 dev eth0'] },
        router: { addresses: ['lan fd00:1::1/64', 'dmz fd00:2::1/64'], rules: router, state: { sysctls } },
        server: { addresses: ['eth0 fd00:2::2/64'], routes: ['default via fd00:2::1 dev eth0'] },
      },
      ['lan: client:eth0 router:lan', 'dmz: router:dmz server:eth0'],
    );

  test('there and back, with and without nat', () => {
    expect(only(six())).toMatchObject({ verdict: 'answered', seen: { src: 'fd00:1::2', dst: 'fd00:2::2' } });
    const way = only(six(nat('-A POSTROUTING -o dmz -j MASQUERADE')));
    expect(way).toMatchObject({ verdict: 'answered', seen: { src: 'fd00:2::1' } });
    expect(only(six(), { protocol: 'icmp' }).legs[0]?.hops[0]?.before.icmpType).toBe(128);
  });

  test('a host answers for the addresses of the very interface only', () => {
    const network = lab(
      {
        client: { addresses: ['eth0 fd00:1::2/64'], routes: ['fd00:9::/64 dev eth0'] },
        server: { addresses: ['eth0 fd00:1::3/64', 'eth1 fd00:9::1/64'] },
      },
      ['lan: client:eth0 server:eth0'],
    );
    expect(only(network, web, 'fd00:9::1')).toMatchObject({ verdict: 'lost', died: { node: 'client' } });
  });

  test('forwarding is a setting of the whole host', () => {
    expect(only(six('', { 'net.ipv6.conf.all.forwarding': '0' }))).toMatchObject({
      verdict: 'lost',
      died: { node: 'router' },
    });
  });
});

describe('the segments', () => {
  test('nobody has the address of the router: it dies at the client', () => {
    const network = threeNodes();
    const wrong = { ...network, nodes: network.nodes.filter(({ name }) => name !== 'router') };
    expect(explainPath(trace(wrong))).toBe(
      'The first packet dies on client. Nobody on lan answers for 10.0.0.1, the router on the way to 10.0.1.2: client cannot send it.',
    );
  });

  test('nobody has the destination', () => {
    expect(only(threeNodes(), web, '10.0.1.77')).toMatchObject({ verdict: 'lost', died: { node: 'router' } });
    expect(explainPath(trace(threeNodes(), web, '10.0.1.77'))).toContain('Nobody on dmz answers for 10.0.1.77');
  });

  test('an interface that is down, one that is joined to nothing, and an address given twice', () => {
    const down = threeNodes(
      {},
      {
        router: {
          links: [{ name: 'dmz', mac: '02:00:00:00:00:01', up: false }],
          sysctls: { 'net.ipv4.ip_forward': '1' },
        },
      },
    );
    expect(explainPath(trace(down))).toContain('dmz of router is down.');
    expect(explainPath(trace({ ...threeNodes(), segments: [] }))).toContain('eth0 of client is joined to nothing.');
    const twice = threeNodes();
    const copy = {
      ...twice,
      nodes: [...twice.nodes, { ...(twice.nodes[2] ?? twice.nodes[0]), name: 'twin' }],
    } as PathNetwork;
    const segments = copy.segments.map((one) =>
      one.name === 'dmz' ? { ...one, ends: [...one.ends, { node: 'twin', interface: 'eth0' }] } : one,
    );
    expect(trace({ ...copy, segments }).verdict).toBe('unknown');
  });

  test('a host answers for the addresses of its other interfaces, unless arp_ignore is set', () => {
    const network = (sysctls: Record<string, string>) =>
      lab(
        {
          client: { addresses: ['eth0 10.0.0.2/24'], routes: ['172.16.0.0/24 dev eth0'] },
          server: { addresses: ['eth0 10.0.0.3/24', 'eth1 172.16.0.1/24'], state: { sysctls } },
        },
        ['lan: client:eth0 server:eth0'],
      );
    expect(only(network({}), web, '172.16.0.1').verdict).toBe('answered');
    expect(only(network({ 'net.ipv4.conf.all.arp_ignore': '1' }), web, '172.16.0.1').verdict).toBe('lost');
  });

  test('rp_filter of a router that would answer another way', () => {
    const network = threeNodes(
      {},
      { router: { sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.rp_filter': '1' } } },
    );
    const odd = {
      ...network,
      nodes: network.nodes.map((node) =>
        node.name === 'router'
          ? {
              ...node,
              state: {
                ...node.state,
                routes: [
                  ...(node.state.routes ?? []),
                  {
                    family: 'ipv4' as const,
                    table: 'main',
                    destination: '10.0.0.2/32',
                    via: null,
                    interface: 'dmz',
                    metric: null,
                    type: 'unicast',
                  },
                ],
              },
            }
          : node,
      ),
    };
    expect(explainPath(trace(odd))).toContain('rp_filter is 1 on lan');
  });

  test('two routers that send it to each other: it ends when its time to live does', () => {
    const forward = { sysctls: { 'net.ipv4.ip_forward': '1' } };
    const network = lab(
      {
        client: { addresses: ['eth0 10.0.0.2/24'], routes: ['default via 10.0.0.1 dev eth0'] },
        one: {
          addresses: ['lan 10.0.0.1/24', 'mid 10.0.9.1/24'],
          routes: ['default via 10.0.9.2 dev mid'],
          state: forward,
        },
        two: { addresses: ['mid 10.0.9.2/24'], routes: ['default via 10.0.9.1 dev mid'], state: forward },
      },
      ['lan: client:eth0 one:lan', 'mid: one:mid two:mid'],
    );
    const way = only(network, web, '192.0.2.1');
    expect(way.verdict).toBe('lost');
    expect(explainPath(trace(network, web, '192.0.2.1'))).toMatch(/time to live|circle/);
  });
});

test('a node that is not there cannot be asked', () => {
  expect(() => trace(threeNodes(), web, 'nobody')).toThrow(PathQuestionError);
  expect(() => trace(threeNodes(), web, 'server', 'nobody')).toThrow(
    'there is no node nobody; there are client, router, server',
  );
});
