/** What the kernel was seen to do and the simulator once said otherwise. */

import { describe, expect, test } from 'vitest';
import { host, walk } from './walking.ts';

const raw = (rule: string) => `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${rule} -j DROP\nCOMMIT\n`;
const inRaw = (rule: string, before = '') =>
  walk(raw(rule).replace('-A', `${before}-A`), 'in=eth0 src=10.0.0.2 dst=10.0.0.1 proto=tcp state=new', 'prerouting')
    .verdict === 'drop';

describe('raw is asked before conntrack', () => {
  test('a packet there is INVALID, and UNTRACKED after NOTRACK', () => {
    expect(inRaw('-m conntrack --ctstate INVALID')).toBe(true);
    expect(inRaw('-m conntrack ! --ctstate NEW,ESTABLISHED')).toBe(true);
    expect(inRaw('-m conntrack --ctstate NEW')).toBe(false);
    expect(inRaw('-m state --state UNTRACKED', '-A PREROUTING -j CT --notrack\n')).toBe(true);
    expect(inRaw('-m state --state INVALID', '-A PREROUTING -j CT --notrack\n')).toBe(false);
  });

  test('other questions about its connection are answered with no, also the negated ones', () => {
    for (const rule of ['--ctproto 6', '! --ctproto 6', '--ctdir ORIGINAL', '! --ctorigsrc 10.9.9.9']) {
      expect(inRaw(`-m conntrack ${rule}`)).toBe(false);
    }
    expect(inRaw('-m connmark ! --mark 1')).toBe(false);
  });
});

describe('MASQUERADE', () => {
  const rules = '*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n';
  const rewrites = (addresses: readonly string[], packet: string, family: 'ipv4' | 'ipv6' = 'ipv4') => {
    const list = addresses.map((text) => {
      const [name = '', address = '', prefix = '0'] = text.split(/[ /]/);
      return { interface: name, address, prefix: Number(prefix) };
    });
    const state = host({
      addresses: list,
      sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' },
    });
    return walk(rules, packet, 'postrouting', { state, family }).rewrites;
  };

  test('out of lo passes over 127.0.0.1, whose scope is the host', () => {
    const packet = 'out=lo src=10.1.0.9 dst=10.1.0.1 proto=tcp dport=80 state=new';
    expect(rewrites(['lo 127.0.0.1/8', 'lo 10.8.8.8/32', 'eth0 10.1.0.1/24'], packet)).toEqual({ src: '10.8.8.8' });
    expect(rewrites(['lo 127.0.0.1/8', 'eth0 10.1.0.1/24'], packet)).toEqual({ src: '10.1.0.1' });
  });

  test('takes no secondary address', () => {
    const packet = 'in=lan out=eth0 src=10.0.0.2 dst=10.1.0.9 proto=tcp dport=80 state=new';
    expect(rewrites(['eth0 10.1.0.1/24', 'eth0 10.1.0.7/24'], packet)).toEqual({ src: '10.1.0.1' });
  });

  test('with IPv6 takes the destination’s own address, else one of its label, interface and longest prefix', () => {
    const addresses = [
      'lo ::1/128',
      'eth0 fe80::1/64',
      'eth0 2001:db8::1/64',
      'eth0 fd00:1::1/64',
      'eth1 fd00:2::1/64',
    ];
    const to = (dst: string, out = 'eth0') =>
      rewrites(addresses, `in=x out=${out} src=fd00:9::9 dst=${dst} proto=tcp dport=80 state=new`, 'ipv6').src;
    expect(to('fd00:1::1', 'lo')).toBe('fd00:1::1');
    expect(to('fd00:1::9')).toBe('fd00:1::1');
    expect(to('2600::9')).toBe('2001:db8::1');
    expect(to('fd00:77::9', 'eth1')).toBe('fd00:2::1');
    expect(to('fe80::9')).toBe('fe80::1');
    const two = ['eth0 fd00:1::9/64', 'eth0 fd00:1::1/64'];
    const packet = 'out=eth0 src=fd00:9::9 dst=fd00:1::2 proto=tcp dport=80 state=new';
    expect(rewrites(two, packet, 'ipv6')).toEqual({ src: 'fd00:1::9' });
  });
});

describe('a packet to a group or to all', () => {
  const rules = (target: string) =>
    `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j ${target}\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n`;
  const state = host({
    addresses: [
      { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
      { interface: 'eth0', address: 'fd00::1', prefix: 64 },
    ],
    routes: [
      {
        family: 'ipv4',
        table: 'main',
        destination: '10.0.1.0/24',
        via: null,
        interface: 'eth1',
        metric: null,
        type: 'unicast',
      },
    ],
    sysctls: { 'net.ipv4.ip_forward': '1' },
  });

  test('is passed on to nobody, also when DNAT gave it one destination', () => {
    for (const dst of ['224.0.0.1', '10.0.0.255', '255.255.255.255']) {
      const packet = `in=eth0 src=10.0.0.2 dst=${dst} proto=udp sport=1 dport=2 state=new`;
      const found = walk(rules('DNAT --to-destination 10.0.1.9'), packet, 'prerouting', { state });
      expect(found.verdict).toBe('drop');
      expect(found.walk.at(-1)).toMatchObject({ table: 'routing', chain: 'forwarding' });
    }
  });

  test('IPv6: REDIRECT of one to a group of the link needs an address of the link, and drops it where there is none', () => {
    const packet = 'in=eth0 src=fe80::2 dst=ff02::1 proto=udp sport=1 dport=2 state=new';
    expect(walk(rules('REDIRECT'), packet, 'prerouting', { state, family: 'ipv6' }).verdict).toBe('drop');
    const linked = {
      ...state,
      addresses: [...(state.addresses ?? []), { interface: 'eth0', address: 'fe80::1', prefix: 64 }],
    };
    expect(walk(rules('REDIRECT'), packet, 'prerouting', { state: linked, family: 'ipv6' }).rewrites).toEqual({
      dst: 'fe80::1',
    });
  });
});

test('an UNTRACKED packet has no connection, so none that nat changed, and no mark of one', () => {
  const rules = (options: string) =>
    `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --notrack\nCOMMIT\n*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING ${options} -j DROP\nCOMMIT\n`;
  const connection = {
    original: { src: '10.0.0.2', dst: '10.0.0.1', sport: 1, dport: 80 },
    reply: { src: '10.0.1.9', dst: '10.0.0.2', sport: 80, dport: 1 },
  };
  const packet = {
    ...connection.original,
    family: 'ipv4',
    in: 'eth0',
    protocol: 6,
    state: 'ESTABLISHED',
    connection,
  } as const;
  for (const options of ['-m conntrack --ctstate DNAT', '-m connmark ! --mark 1']) {
    expect(walk(rules(options), packet, 'prerouting').verdict).toBe('accept');
  }
});

test('a connection’s mark is asked of the connection', () => {
  const rules = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m connmark --mark 0x4/0x6 -j DROP\nCOMMIT\n';
  const verdict = (packet: string) => walk(rules, `in=eth0 proto=tcp ${packet}`, 'input').verdict;
  expect(verdict('state=established connmark=0x5')).toBe('drop');
  expect(verdict('state=established connmark=0x3')).toBe('accept');
  expect(verdict('state=established')).toBe('unknown');
  expect(verdict('state=new')).toBe('accept');
});

test('addrtype for IPv6: UNREACHABLE where the route refuses; UNICAST of the host’s own addresses too', () => {
  const state = host({
    addresses: [{ interface: 'eth0', address: 'fd00::1', prefix: 64 }],
    routes: [
      {
        family: 'ipv6',
        table: 'main',
        destination: '2001:db8:100::/48',
        via: null,
        interface: 'lo',
        metric: null,
        type: 'unreachable',
      },
      {
        family: 'ipv6',
        table: 'main',
        destination: 'default',
        via: 'fd00::9',
        interface: 'eth0',
        metric: null,
        type: 'unicast',
      },
    ],
  });
  const takes = (types: string, dst: string) =>
    walk(
      `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m addrtype --dst-type ${types} -j DROP\nCOMMIT\n`,
      `in=eth0 src=fd00::2 dst=${dst} proto=udp state=new`,
      'prerouting',
      { state, family: 'ipv6' },
    ).walk.some((step) => step.matched === true && step.rule === 1);
  expect(takes('UNREACHABLE', '2001:db8:100::9')).toBe(true);
  expect(takes('UNREACHABLE', '2001:db8:200::9')).toBe(false);
  expect(takes('UNICAST', 'fd00::1')).toBe(true);
  expect(takes('LOCAL', 'fd00::1')).toBe(true);
  expect(takes('UNICAST,LOCAL', 'fd00::2')).toBe(false);
  expect(takes('MULTICAST', 'ff02::1')).toBe(true);
});

test('in raw a packet that conntrack itself will leave alone is INVALID all the same', () => {
  const rules = raw('-m conntrack --ctstate UNTRACKED');
  const packet = 'in=eth0 src=fd00::2 dst=fd00::1 proto=icmpv6 icmp-type=135 state=untracked';
  expect(walk(rules, packet, 'prerouting', { family: 'ipv6' }).verdict).toBe('accept');
});

test('SNAT undone on an answer makes it no DNAT', () => {
  const rules = (state: string) =>
    `*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m conntrack --ctstate ${state} -j DROP\nCOMMIT\n`;
  const connection = {
    original: { src: '10.0.0.2', dst: '192.0.2.9', sport: 1, dport: 80 },
    reply: { src: '192.0.2.9', dst: '203.0.113.1', sport: 80, dport: 1 },
  };
  const packet = {
    ...connection.reply,
    family: 'ipv4',
    in: 'wan',
    out: 'lan',
    protocol: 6,
    state: 'ESTABLISHED',
    dir: 'reply',
    connection,
  } as const;
  expect(walk(rules('DNAT'), packet, 'prerouting')).toMatchObject({ verdict: 'accept', rewrites: { dst: '10.0.0.2' } });
  expect(walk(rules('SNAT'), packet, 'prerouting').verdict).toBe('drop');
});

describe('addresses that are not believed', () => {
  const state = (sysctls: Record<string, string> = {}) =>
    host({
      addresses: [
        { interface: 'lo', address: '127.0.0.1', prefix: 8 },
        { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
      ],
      routes: [
        {
          family: 'ipv4',
          table: 'main',
          destination: '10.0.0.0/24',
          via: null,
          interface: 'eth0',
          metric: null,
          type: 'unicast',
        },
      ],
      sysctls: { 'net.ipv4.ip_forward': '1', ...sysctls },
    });
  const rules = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING\nCOMMIT\n';
  const end = (packet: string, family: 'ipv4' | 'ipv6', sysctls?: Record<string, string>) => {
    const found = walk(rules, `in=eth0 ${packet} proto=udp sport=1 dport=2 state=new`, 'prerouting', {
      state: state(sysctls),
      family,
    });
    return `${found.verdict} ${found.walk.length} ${found.walk.at(-1)?.chain}`;
  };

  test('IPv6 drops ::1, groups as sources and groups of the host before any rule', () => {
    for (const packet of [
      'src=::1 dst=fd00::1',
      'src=fd00::2 dst=::1',
      'src=ff02::1 dst=fd00::1',
      'src=fd00::2 dst=ff01::1',
    ]) {
      expect(end(packet, 'ipv6')).toBe('drop 1 receipt');
    }
    expect(end('src=fd00::2 dst=ff02::1', 'ipv6')).not.toContain('receipt');
    expect(end('src=::ffff:10.0.0.9 dst=fd00::1', 'ipv6')).not.toContain('receipt');
    // The unspecified address is routed like any other: here there is no route.
    expect(end('src=fd00::2 dst=::', 'ipv6')).not.toContain('accept');
  });

  test('127.0.0.1 from outside is an address of the host itself, also with route_localnet', () => {
    expect(end('src=127.0.0.1 dst=10.0.0.1', 'ipv4', { 'net.ipv4.conf.all.route_localnet': '1' })).toContain('martian');
    expect(end('src=127.0.0.9 dst=10.0.0.1', 'ipv4', { 'net.ipv4.conf.all.route_localnet': '1' })).toContain('accept');
  });

  test('a broadcast address as source is seen only where the tables are looked into', () => {
    expect(end('src=10.0.0.255 dst=10.0.0.1', 'ipv4')).toContain('accept');
    expect(end('src=10.0.0.255 dst=10.0.0.1', 'ipv4', { 'net.ipv4.conf.all.rp_filter': '2' })).toContain('martian');
  });

  test('0.0.0.0 to 0.0.0.0 is a packet to all', () => {
    expect(end('src=0.0.0.0 dst=0.0.0.0', 'ipv4')).toContain('accept');
    expect(end('src=10.0.0.2 dst=0.0.0.0', 'ipv4')).toContain('martian');
  });
});

describe('from the wire', () => {
  const state = host({
    addresses: [
      { interface: 'eth0', address: '10.0.0.1', prefix: 24 },
      { interface: 'eth0', address: 'fd00::1', prefix: 64 },
      { interface: 'eth1', address: 'fd00:1::1', prefix: 64 },
    ],
    routes: [
      {
        family: 'ipv6',
        table: 'main',
        destination: 'default',
        via: 'fd00:1::9',
        interface: 'eth1',
        metric: null,
        type: 'unicast',
      },
    ],
    sysctls: { 'net.ipv6.conf.all.forwarding': '1' },
  });
  const end = (rules: string, packet: string, family: 'ipv4' | 'ipv6') => {
    const found = walk(rules, `in=eth0 ${packet} proto=udp sport=1 dport=2 state=new`, 'prerouting', { state, family });
    return `${found.verdict} ${found.walk.at(-1)?.chain}`;
  };
  const open = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n';

  test('0.0.0.0 may speak to the groups of the link', () => {
    expect(end(open, 'src=0.0.0.0 dst=224.0.0.1', 'ipv4')).toBe('accept INPUT');
    expect(end(open, 'src=0.0.0.0 dst=224.0.1.1', 'ipv4')).toContain('martian');
  });

  test('a group that the host may not listen to is not known, another host’s solicited-node group is not listened to', () => {
    expect(end(open, 'src=10.0.0.2 dst=239.1.1.1', 'ipv4')).toContain('unknown');
    expect(end(open, 'src=fd00::2 dst=ff02::1:ff00:1', 'ipv6')).toBe('accept INPUT');
    expect(end(open, 'src=fd00::2 dst=ff02::1:ff00:77', 'ipv6')).toContain('drop');
  });

  test('IPv6 passes no unspecified or link-local source on', () => {
    for (const src of ['::', 'fe80::5'])
      expect(end(open, `src=${src} dst=2001:db8::1`, 'ipv6')).toBe('drop forwarding');
    expect(end(open, 'src=fd00::2 dst=2001:db8::1', 'ipv6')).toBe('accept FORWARD');
  });

  test('what DNAT sends to ::1 goes by the routes of the interface that it came in through, never to INPUT', () => {
    const rules = `*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT --to-destination ::1\nCOMMIT\n${open}`;
    expect(end(rules, 'src=fd00::2 dst=fd00::1', 'ipv6')).toBe('drop route');
    const back = walk(rules, 'in=eth1 src=fd00:1::2 dst=fd00::1 proto=udp sport=1 dport=2 state=new', 'prerouting', {
      state,
      family: 'ipv6',
    });
    expect(back).toMatchObject({ verdict: 'accept', packet: { dst: '::1', out: 'eth1' } });
  });

  test('a frame to 0.0.0.0 is to one host', () => {
    const rules = '*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m pkttype --pkt-type unicast -j DROP\nCOMMIT\n';
    expect(end(rules, 'src=10.0.0.2 dst=0.0.0.0', 'ipv4')).toBe('drop PREROUTING');
    expect(end(rules, 'src=10.0.0.2 dst=255.255.255.255', 'ipv4')).not.toBe('drop PREROUTING');
  });

  test('addrtype for IPv6 on one interface', () => {
    const takes = (options: string, dst: string) =>
      end(
        `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m addrtype ${options} -j DROP\nCOMMIT\n`,
        `src=fd00::2 dst=${dst}`,
        'ipv6',
      ) === 'drop PREROUTING';
    expect(takes('--dst-type UNICAST --limit-iface-in', 'fd00:1::1')).toBe(true);
    expect(takes('--dst-type LOCAL --limit-iface-in', 'fd00::1')).toBe(true);
    expect(takes('--dst-type LOCAL --limit-iface-in', 'fd00:1::1')).toBe(false);
    expect(takes('--dst-type MULTICAST --limit-iface-in', 'ff02::1')).toBe(true);
  });
});
