import { describe, expect, test } from 'vitest';
import type { HostState } from '../../../engine/netfilter/index.ts';
import { host, walk } from './walking.ts';

type Routes = NonNullable<HostState['routes']>;
const route = (destination: string, interfaceName: string | null, more: Partial<Routes[number]> = {}) => ({
  family: 'ipv4' as const,
  table: 'main',
  destination,
  via: null,
  interface: interfaceName,
  metric: null,
  type: 'unicast',
  ...more,
});
const rule = (priority: number, text: string) => ({ family: 'ipv4' as const, priority, text });
const ownRules = [
  rule(0, 'from all lookup local'),
  rule(32766, 'from all lookup main'),
  rule(32767, 'from all lookup default'),
];

/** lan 10.0.0.1/24, wan 203.0.113.1/24 with the default route, dmz 172.16.0.1/24. */
const router = ({
  routes = [],
  rules = [],
  sysctls = {},
}: {
  routes?: Routes;
  rules?: typeof ownRules;
  sysctls?: Record<string, string>;
} = {}) =>
  host({
    addresses: [
      { interface: 'lo', address: '127.0.0.1', prefix: 8 },
      { interface: 'lan', address: '10.0.0.1', prefix: 24 },
      { interface: 'wan', address: '203.0.113.1', prefix: 24 },
      { interface: 'dmz', address: '172.16.0.1', prefix: 24 },
    ],
    routes: [
      route('10.0.0.0/24', 'lan'),
      route('203.0.113.0/24', 'wan'),
      route('172.16.0.0/24', 'dmz'),
      route('default', 'wan', { via: '203.0.113.254' }),
      ...routes,
    ],
    policyRules: [...ownRules, ...rules],
    sysctls: { 'net.ipv4.ip_forward': '1', ...sysctls },
  });

const empty = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
const packet = 'in=lan src=10.0.0.2 dst=192.0.2.9 proto=tcp sport=4000 dport=80 state=new ttl=64';
const through = (state: HostState, text = packet, rules = empty) => {
  const found = walk(rules, text, 'prerouting', { state });
  const last = found.walk.at(-1);
  return `${found.verdict} ${found.packet.out ?? '-'} ${last?.table === 'routing' ? last.chain : (last?.chain ?? '')}`;
};

describe('routing rules (ip rule)', () => {
  const dmz = [route('default', 'dmz', { table: '100', via: '172.16.0.9' })];

  test.each([
    ['from 10.0.0.0/24 lookup 100', 'accept dmz FORWARD'],
    ['from 10.0.1.0/24 lookup 100', 'accept wan FORWARD'],
    ['not from 10.0.1.0/24 lookup 100', 'accept dmz FORWARD'],
    ['from all to 192.0.2.0/24 lookup 100', 'accept dmz FORWARD'],
    ['from all fwmark 0x7 lookup 100', 'accept wan FORWARD'],
    ['from all iif lan lookup 100', 'accept dmz FORWARD'],
    ['from all iif lo lookup 100', 'accept wan FORWARD'],
    ['from all oif wan lookup 100', 'accept wan FORWARD'],
    ['from all ipproto tcp dport 80 lookup 100', 'accept dmz FORWARD'],
    ['from all ipproto tcp dport 81-90 lookup 100', 'accept wan FORWARD'],
    ['from all ipproto udp lookup 100', 'accept wan FORWARD'],
    ['from all sport 4000 lookup 100', 'accept dmz FORWARD'],
    ['from all lookup main suppress_prefixlength 0', 'accept wan FORWARD'],
    ['from 10.0.0.2 blackhole', 'drop - route'],
    ['from 10.0.0.2 unreachable', 'drop - route'],
    ['from 10.0.0.2 prohibit', 'drop - route'],
    ['from all goto 32767', 'drop - route'],
    ['from all lookup 99', 'accept wan FORWARD'],
  ])('%s: %s', (text, expected) => {
    expect(through(router({ routes: dmz, rules: [rule(100, text)] }))).toBe(expected);
  });

  test('are asked by priority, and a table without a route leads to the next', () => {
    const rules = [rule(200, 'from all blackhole'), rule(100, 'from all to 192.0.2.0/24 lookup 100')];
    expect(through(router({ routes: dmz, rules }))).toBe('accept dmz FORWARD');
    expect(through(router({ routes: dmz, rules }), packet.replace('192.0.2.9', '198.51.100.1'))).toBe('drop - route');
  });

  test('see the mark that mangle PREROUTING sets', () => {
    const rules = `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j MARK --set-xmark 0x7\nCOMMIT\n${empty}`;
    const state = router({ routes: dmz, rules: [rule(100, 'from all fwmark 0x7/0xff lookup 100')] });
    expect(through(state, packet, rules)).toBe('accept dmz FORWARD');
  });

  test('what a rule asks for and the packet does not say makes the way unknown, not wrong', () => {
    const state = router({ routes: dmz, rules: [rule(100, 'from all dport 80 lookup 100')] });
    const rules = empty.replace('COMMIT', '-A FORWARD -o dmz -j DROP\nCOMMIT');
    const found = walk(rules, packet.replace('dport=80 ', ''), 'prerouting', { state });
    expect(found.verdict).toBe('unknown');
  });
});

describe('routes', () => {
  test.each([
    ['unreachable', 'drop - route'],
    ['blackhole', 'drop - route'],
    ['prohibit', 'drop - route'],
    ['throw', 'drop - route'],
    ['local', 'accept - INPUT'],
  ])('of type %s: %s', (type, expected) => {
    expect(through(router({ routes: [route('192.0.2.0/24', null, { type })] }))).toBe(expected);
  });

  test('the longest prefix wins, then the least metric', () => {
    const routes = [route('192.0.2.0/24', 'dmz', { metric: 20 }), route('192.0.2.0/24', 'wan', { metric: 10 })];
    expect(through(router({ routes }))).toBe('accept wan FORWARD');
  });

  test('several equal ways are several outcomes', () => {
    const routes = [
      route('192.0.2.0/24', 'dmz', { via: '172.16.0.9' }),
      route('192.0.2.0/24', 'wan', { via: '203.0.113.9' }),
    ];
    const rules = empty.replace('COMMIT', '-A FORWARD -o dmz -j DROP\nCOMMIT');
    const found = walk(rules, packet, 'prerouting', { state: router({ routes }) });
    expect(found.verdict).toBe('unknown');
    expect(found.outcomes.map(({ verdict, condition }) => [verdict, condition])).toEqual([
      ['drop', 'its route, one of 2 equal ones, is dmz via 172.16.0.9'],
      ['accept', 'its route, one of 2 equal ones, is wan via 203.0.113.9'],
    ]);
  });

  test('the time to live is counted down before FORWARD, and a packet at its end is not passed on', () => {
    const rules = empty.replace('COMMIT', '-A FORWARD -m ttl --ttl-eq 63 -j DROP\nCOMMIT');
    expect(through(router(), packet, rules)).toBe('drop wan FORWARD');
    expect(through(router(), packet.replace('ttl=64', 'ttl=1'))).toBe('drop - forwarding');
    expect(through(router(), packet.replace('ttl=64', 'ttl=1').replace('192.0.2.9', '10.0.0.1'))).toBe(
      'accept - INPUT',
    );
  });
});

describe('what the routing code does not believe', () => {
  const from = (source: string, sysctls: Record<string, string> = {}) =>
    through(router({ sysctls }), packet.replace('10.0.0.2', source));
  const conf = (name: string, setting: string, value: number) => ({
    [`net.ipv4.conf.${name}.${setting}`]: String(value),
  });

  test('rp_filter 1: the answer has to leave by the same interface', () => {
    expect(from('172.16.0.5', conf('lan', 'rp_filter', 1))).toBe('drop - rp_filter');
    expect(from('172.16.0.5', conf('all', 'rp_filter', 1))).toBe('drop - rp_filter');
    expect(from('10.0.0.7', conf('all', 'rp_filter', 1))).toBe('accept wan FORWARD');
    expect(from('172.16.0.5')).toBe('accept wan FORWARD');
  });

  test('rp_filter 2: any way back will do; the greater of all and the interface counts', () => {
    expect(from('172.16.0.5', conf('lan', 'rp_filter', 2))).toBe('accept wan FORWARD');
    expect(from('172.16.0.5', { ...conf('lan', 'rp_filter', 1), ...conf('all', 'rp_filter', 2) })).toBe(
      'accept wan FORWARD',
    );
    const lonely = { ...router({ sysctls: conf('lan', 'rp_filter', 2) }), routes: [route('192.0.2.0/24', 'wan')] };
    expect(through(lonely, packet)).toBe('drop - rp_filter');
  });

  test('the mark counts in the way back only with src_valid_mark', () => {
    const rules = `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-xmark 0x7\nCOMMIT\n${empty}`;
    const state = (sysctls: Record<string, string>) =>
      router({
        routes: [route('10.9.0.0/16', 'lan', { table: '100' }), route('default', 'wan', { table: '100' })],
        rules: [rule(100, 'from all fwmark 0x7 lookup 100')],
        sysctls: { ...conf('all', 'rp_filter', 1), ...sysctls },
      });
    const odd = packet.replace('10.0.0.2', '10.9.0.2');
    expect(through(state({}), odd, rules)).toBe('drop - rp_filter');
    expect(through(state(conf('all', 'src_valid_mark', 1)), odd, rules)).toBe('accept wan FORWARD');
  });

  test('own, loopback, broadcast and multicast sources from outside are martians', () => {
    for (const source of ['10.0.0.1', '127.0.0.1', '255.255.255.255', '224.0.0.1', '0.0.0.1']) {
      expect(from(source)).toBe('drop - martian');
    }
    expect(from('10.0.0.1', conf('lan', 'accept_local', 1))).toBe('accept wan FORWARD');
  });

  test('127.0.0.1 cannot be reached from outside, also by DNAT, unless route_localnet is set', () => {
    const dnat = `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DNAT --to-destination 127.0.0.1:8080\nCOMMIT\n${empty}`;
    expect(through(router(), packet, dnat)).toBe('drop - martian');
    expect(through(router({ sysctls: conf('lan', 'route_localnet', 1) }), packet, dnat)).toBe('accept - INPUT');
  });
});

describe('the rpfilter match', () => {
  const rules = (options: string) =>
    `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m rpfilter ${options}-j DROP\nCOMMIT\n${empty}`;

  test('takes what would be answered through the same interface', () => {
    expect(through(router(), packet, rules('--invert '))).toBe('accept wan FORWARD');
    expect(through(router(), packet.replace('10.0.0.2', '172.16.0.5'), rules('--invert '))).toBe('drop - PREROUTING');
    expect(through(router(), packet.replace('10.0.0.2', '172.16.0.5'), rules('--loose --invert '))).toBe(
      'accept wan FORWARD',
    );
    expect(through(router(), packet.replace('in=lan', 'in=lo'), rules(''))).toBe('drop - PREROUTING');
  });
});

describe('a packet of this host', () => {
  const out = (rules: string, text: string, state = router()) => walk(rules, text, 'output', { state });

  test('is routed first, and takes the address of its way out', () => {
    expect(out(empty, 'dst=192.0.2.9 proto=tcp dport=80 state=new').packet).toMatchObject({
      out: 'wan',
      src: '203.0.113.1',
    });
    expect(out(empty, 'dst=10.0.0.1 proto=tcp dport=80 state=new').packet).toMatchObject({
      out: 'lo',
      src: '10.0.0.1',
    });
    const lost = { ...router(), routes: [] };
    expect(out(empty, 'dst=192.0.2.9 proto=tcp dport=80 state=new', lost)).toMatchObject({ verdict: 'drop' });
  });

  test('is routed anew after a mark of mangle OUTPUT; filter OUTPUT still sees the first interface', () => {
    const rules =
      '*mangle\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A OUTPUT -p tcp -j MARK --set-xmark 0x7\n-A POSTROUTING -o dmz\nCOMMIT\n*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -o wan\nCOMMIT\n';
    const state = router({
      routes: [route('default', 'dmz', { table: '100' })],
      rules: [rule(100, 'from all fwmark 0x7 lookup 100')],
    });
    const found = out(rules, 'dst=192.0.2.9 proto=tcp dport=80 state=new', state);
    expect(found.packet.out).toBe('dmz');
    expect(found.walk.filter((step) => step.rule > 0).map(({ matched }) => matched)).toEqual([true, true, true]);
  });

  test('whose new destination has no route is dropped', () => {
    const rules = '*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j DNAT --to-destination 192.0.2.77\nCOMMIT\n';
    const state = router({ routes: [route('192.0.2.77/32', null, { type: 'unreachable' })] });
    const found = out(rules, 'dst=10.0.0.9 proto=tcp dport=80 state=new', state);
    expect(found.walk.at(-1)).toMatchObject({ table: 'routing', chain: 'route' });
  });

  test('from 127.0.0.1 does not leave by another interface unless route_localnet is set', () => {
    const rules = '*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.9\nCOMMIT\n';
    const text = 'src=127.0.0.1 dst=127.0.0.1 proto=tcp dport=80 state=new';
    expect(out(rules, text).verdict).toBe('drop');
    const open = router({ sysctls: { 'net.ipv4.conf.all.route_localnet': '1' } });
    expect(out(rules, text, open)).toMatchObject({ verdict: 'accept', packet: { out: 'lan' } });
  });
});

describe('a packet of a connection that nat changed', () => {
  const rules = `*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT --to-destination 10.0.0.99\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n${empty}`;
  const connection = {
    original: { src: '192.0.2.9', dst: '203.0.113.1', sport: 5000, dport: 80 },
    reply: { src: '10.0.0.20', dst: '192.0.2.9', sport: 8080, dport: 5000 },
  };
  const packet = { family: 'ipv4', protocol: 6, state: 'ESTABLISHED', connection } as const;

  test('is changed as its first one was, whatever the rules say now', () => {
    const found = walk(rules, { ...packet, in: 'wan', ...connection.original, dir: 'original' }, 'prerouting', {
      state: router(),
    });
    expect(found.rewrites).toEqual({ dst: '10.0.0.20', dport: 8080 });
    expect(found.packet).toMatchObject({ out: 'lan', src: '192.0.2.9', sport: 5000 });
  });

  test('and the answers are changed back', () => {
    const found = walk(rules, { ...packet, in: 'lan', ...connection.reply, dir: 'reply' }, 'prerouting', {
      state: router(),
    });
    expect(found.rewrites).toEqual({ src: '203.0.113.1', sport: 80 });
    expect(found.packet).toMatchObject({ out: 'wan', dst: '192.0.2.9', dport: 5000 });
  });
});
