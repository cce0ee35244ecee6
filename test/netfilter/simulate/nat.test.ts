import { describe, expect, test } from 'vitest';
import { host, walk } from './walking.ts';

const nat = (rules: string, filter = '') => `
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${rules}
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
${filter}
COMMIT
`;

const router = host({
  addresses: [
    { interface: 'lo', address: '127.0.0.1', prefix: 8 },
    { interface: 'lan', address: '10.0.0.1', prefix: 24 },
    { interface: 'wan', address: '203.0.113.1', prefix: 24 },
    { interface: 'wan', address: '198.51.100.1', prefix: 24 },
  ],
  routes: [
    {
      family: 'ipv4',
      table: 'main',
      destination: '10.0.0.0/24',
      via: null,
      interface: 'lan',
      metric: null,
      type: 'unicast',
    },
    {
      family: 'ipv4',
      table: 'main',
      destination: '203.0.113.0/24',
      via: null,
      interface: 'wan',
      metric: null,
      type: 'unicast',
    },
    {
      family: 'ipv4',
      table: 'main',
      destination: '198.51.100.0/24',
      via: null,
      interface: 'wan',
      metric: null,
      type: 'unicast',
    },
    {
      family: 'ipv4',
      table: 'main',
      destination: 'default',
      via: '198.51.100.254',
      interface: 'wan',
      metric: null,
      type: 'unicast',
    },
  ],
  sysctls: { 'net.ipv4.ip_forward': '1' },
});

describe('REDIRECT', () => {
  const redirect = nat('-A OUTPUT -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 80');

  test('in OUTPUT sends a local connection to 127.0.0.1 and the port', () => {
    const found = walk(redirect, 'out=eth0 src=10.0.0.1 dst=10.0.0.7 proto=tcp dport=8888 state=new', 'output');
    expect(found.verdict).toBe('accept');
    expect(found.rewrites).toEqual({ dst: '127.0.0.1', dport: 80 });
    expect(found.packet).toMatchObject({ dst: '127.0.0.1', dport: 80, out: 'lo' });
  });

  test('changes only what differs', () => {
    const found = walk(redirect, 'out=lo src=127.0.0.1 dst=127.0.0.1 proto=tcp dport=8888 state=new', 'output');
    expect(found.rewrites).toEqual({ dport: 80 });
  });

  test('in PREROUTING sends it to the first address of the interface it came in through', () => {
    const rules = nat('-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080');
    const found = walk(rules, 'in=lan src=10.0.0.2 dst=198.18.0.1 proto=tcp dport=80 state=new', 'prerouting', {
      state: router,
    });
    expect(found.rewrites).toEqual({ dst: '10.0.0.1', dport: 8080 });
    expect(found.walk.map(({ chain }) => chain)).toContain('INPUT');
  });

  test('is not asked for packets of a connection that stands', () => {
    for (const state of ['established', 'related', 'invalid', 'untracked']) {
      const found = walk(redirect, `out=lo dst=127.0.0.1 proto=tcp dport=8888 state=${state}`, 'output');
      expect(found).toMatchObject({ verdict: 'accept', rewrites: {} });
    }
  });

  test('filter OUTPUT still sees the interface of the first route, POSTROUTING the new one', () => {
    const rules = `${redirect}*mangle\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -o lo\nCOMMIT\n`.replace(
      ':OUTPUT ACCEPT [0:0]\n\nCOMMIT',
      ':OUTPUT ACCEPT [0:0]\n-A OUTPUT -o eth0\nCOMMIT',
    );
    const found = walk(rules, 'out=eth0 dst=10.0.0.7 proto=tcp dport=8888 state=new', 'output');
    expect(found.walk.filter(({ rule }) => rule > 0).map(({ chain, matched }) => [chain, matched])).toEqual([
      ['OUTPUT', true],
      ['OUTPUT', true],
      ['POSTROUTING', true],
    ]);
  });
});

describe('DNAT', () => {
  const published = nat(
    '-A PREROUTING -i wan -p tcp --dport 8080 -j DNAT --to-destination 10.0.0.20:80',
    '-A FORWARD -d 10.0.0.20 -p tcp --dport 80 -j DROP',
  );

  test('is done before routing, so the packet is passed on and FORWARD sees the new destination', () => {
    const packet = 'in=wan src=198.51.100.9 dst=203.0.113.1 proto=tcp dport=8080 state=new';
    const found = walk(published, packet, 'prerouting', { state: router });
    expect(found.verdict).toBe('drop');
    expect(found.rewrites).toEqual({ dst: '10.0.0.20', dport: 80 });
    expect(found.walk.at(-1)).toMatchObject({ table: 'filter', chain: 'FORWARD', rule: 1 });
  });

  test('to a range of addresses rewrites to one that is not known', () => {
    const found = walk(
      nat('-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.2-10.0.0.9'),
      'in=wan out=lan dst=203.0.113.1 proto=tcp dport=1 state=new',
      'prerouting',
    );
    expect(found.rewrites).toEqual({ dst: null });
  });
});

describe('what leaves through another address', () => {
  const packet = 'in=lan out=wan src=10.0.0.2 dst=203.0.113.9 proto=tcp dport=80 state=new';

  test('MASQUERADE takes the address of the way out that is on the next hop’s network', () => {
    const rules = nat('-A POSTROUTING -o wan -j MASQUERADE');
    expect(walk(rules, packet, 'forward', { state: router }).rewrites).toEqual({ src: '203.0.113.1' });
    const far = packet.replace('203.0.113.9', '192.0.2.1');
    expect(walk(rules, far, 'forward', { state: router }).rewrites).toEqual({ src: '198.51.100.1' });
  });

  test('MASQUERADE without a host rewrites to an address that is not known', () => {
    expect(walk(nat('-A POSTROUTING -o wan -j MASQUERADE'), packet, 'forward')).toMatchObject({
      verdict: 'accept',
      rewrites: { src: null },
    });
  });

  test('SNAT takes the address that it names, for the interface that it names', () => {
    const rules = nat('-A POSTROUTING -o wan -j SNAT --to-source 203.0.113.1');
    expect(walk(rules, packet, 'postrouting').rewrites).toEqual({ src: '203.0.113.1' });
    expect(walk(rules, packet.replace('out=wan', 'out=lan'), 'postrouting').rewrites).toEqual({});
  });
});

describe('the routing decision', () => {
  const packet = 'in=lan src=10.0.0.2 dst=203.0.113.9 proto=tcp dport=80 state=new';
  const chains = (text: string, state?: Parameters<typeof walk>[3]) =>
    new Set(walk(nat(''), text, 'prerouting', state).walk.map(({ chain }) => chain));

  test('without a host: no way out means delivered here, a way out means passed on', () => {
    expect(chains(packet)).toEqual(new Set(['PREROUTING', 'INPUT']));
    expect(chains(`${packet} out=wan`)).toEqual(new Set(['PREROUTING', 'FORWARD', 'POSTROUTING']));
  });

  test('with a host its addresses and routes decide', () => {
    expect(chains(packet, { state: router })).toEqual(new Set(['PREROUTING', 'FORWARD', 'POSTROUTING']));
    expect(chains(packet.replace('203.0.113.9', '10.0.0.1'), { state: router })).toEqual(
      new Set(['PREROUTING', 'INPUT']),
    );
  });

  test('a host that does not forward drops what is not for it', () => {
    const found = walk(nat(''), packet, 'prerouting', {
      state: { ...router, sysctls: { 'net.ipv4.ip_forward': '0' } },
    });
    expect(found.verdict).toBe('drop');
    expect(found.walk.at(-1)).toMatchObject({ table: 'routing', chain: 'forwarding', rule: 0 });
  });

  test('an address that is delivered here is LOCAL, one that is passed on is not', () => {
    const rules =
      '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -m addrtype --dst-type LOCAL -j DROP\n-A FORWARD -m addrtype --dst-type LOCAL -j DROP\nCOMMIT\n';
    expect(walk(rules, packet, 'prerouting').verdict).toBe('drop');
    expect(walk(rules, `${packet} out=wan`, 'prerouting').verdict).toBe('accept');
  });
});

test('NOTRACK in raw makes a packet UNTRACKED, and nat is not asked', () => {
  const rules = `*raw\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j CT --notrack\nCOMMIT\n${nat('-A OUTPUT -p tcp -j REDIRECT --to-ports 80', '-A OUTPUT -m conntrack --ctstate UNTRACKED -j DROP')}`;
  const found = walk(rules, 'out=lo dst=127.0.0.1 proto=tcp dport=8 state=new', 'output');
  expect(found).toMatchObject({ verdict: 'drop', rewrites: {} });
});

test('a mark that mangle sets is there for filter', () => {
  const rules =
    '*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j MARK --set-xmark 0x5/0xff\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m mark --mark 0x5/0xf -j DROP\nCOMMIT\n';
  expect(walk(rules, 'in=lo proto=tcp mark=0x100', 'input')).toMatchObject({
    verdict: 'drop',
    packet: { mark: 0x105 },
  });
});
