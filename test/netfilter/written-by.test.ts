import { describe, expect, test } from 'vitest';
import { fate, hostOf, send } from './written-by.ts';

/** What these programs promise, asked of the rules that they write (test/fixtures/netfilter/by-NAME, each with its source.md). */
const opens = 'proto=tcp sport=40000 flags=syn state=new';
const ping = 'proto=icmp icmp-type=8 icmp-code=0 state=new';

describe('Docker', () => {
  const addresses = ['lo 127.0.0.1/8', 'eth0 203.0.113.10/24', 'docker0 172.17.0.1/16', 'bridge1 192.0.2.1/24'];
  const routes = [
    '203.0.113.0/24 eth0',
    '172.17.0.0/16 docker0',
    '192.0.2.0/24 bridge1',
    '10.20.0.0/24 bridgeICC',
    '10.20.1.0/24 bridgeNoICC',
    '198.51.100.0/24 bridge2',
    'default eth0 203.0.113.1',
  ];
  const outside = `${opens} in=eth0 src=203.0.113.7`;

  describe.each(['by-docker', 'by-docker-28-ipset', 'by-docker-20'])('%s', (name) => {
    const host = hostOf(name, addresses, routes);

    test('a published port reaches the container', () => {
      expect(fate(host, 'prerouting', `${outside} dst=203.0.113.10 dport=8080`)).toBe('accept to 192.0.2.2:80');
    });

    test('a port that is not published stays with the host', () => {
      const found = send(host, 'prerouting', `${outside} dst=203.0.113.10 dport=8081`);
      expect(found.outcomes).toMatchObject([{ verdict: 'accept', rewrites: {}, delivered: true }]);
    });

    test('nobody outside reaches a port of the container that is not published', () => {
      expect(fate(host, 'prerouting', `${outside} dst=192.0.2.2 dport=81`)).toBe('drop');
    });

    test('a container gets out under the address of the host', () => {
      const found = fate(host, 'prerouting', `${opens} in=bridge1 src=192.0.2.2 dst=9.9.9.9 dport=443`);
      expect(found).toBe('accept from 203.0.113.10');
    });

    test('networks are apart', () => {
      expect(fate(host, 'prerouting', `${opens} in=bridge1 src=192.0.2.2 dst=172.17.0.2 dport=443`)).toBe('drop');
    });

    test('the host reaches a published port by its own address', () => {
      expect(fate(host, 'output', `${opens} src=203.0.113.10 dst=203.0.113.10 dport=8080`)).toMatch(
        /^accept to 192\.0\.2\.2:80/,
      );
    });
  });

  test('from 28 on, a container cannot be reached past the published port; with 20.10 it could', () => {
    const past = `${outside} dst=192.0.2.2 dport=80`;
    expect(fate(hostOf('by-docker', addresses, routes), 'prerouting', past)).toBe('drop');
    expect(fate(hostOf('by-docker-28-ipset', addresses, routes), 'prerouting', past)).toBe('drop');
    expect(fate(hostOf('by-docker-20', addresses, routes), 'prerouting', past)).toBe('accept');
  });

  test('a port published on a loopback address is for this host alone', () => {
    const host = hostOf('by-docker', addresses, routes);
    expect(fate(host, 'prerouting', `${outside} dst=127.0.0.1 dport=8443`)).toBe('drop');
    expect(fate(host, 'prerouting', `${outside} dst=203.0.113.10 dport=8443`)).toBe('accept');
  });

  test('without the userland proxy, localhost is translated too, once the bridge routes loopback addresses', () => {
    const { ruleset, state } = hostOf('by-docker-28-ipset', addresses, routes);
    const local = `${opens} src=127.0.0.1 dst=127.0.0.1 dport=8080`;
    const sysctls = { ...state.sysctls, 'net.ipv4.conf.bridge1.route_localnet': '1' };
    expect(fate({ ruleset, state: { ...state, sysctls } }, 'output', local)).toBe(
      'accept to 192.0.2.2:80 from 192.0.2.1',
    );
    expect(fate({ ruleset, state }, 'output', local)).toBe('drop to 192.0.2.2:80');
    expect(fate(hostOf('by-docker', addresses, routes), 'output', local)).toBe('accept');
  });

  test('from an internal network nothing leaves, and whether its containers see each other is its option', () => {
    const host = hostOf('by-docker', addresses, routes);
    expect(fate(host, 'prerouting', `${opens} in=bridgeICC src=10.20.0.2 dst=9.9.9.9 dport=443`)).toBe('drop');
    expect(fate(host, 'forward', `${opens} in=bridgeICC out=bridgeICC src=10.20.0.2 dst=10.20.0.3 dport=80`)).toBe(
      'accept',
    );
    expect(fate(host, 'forward', `${opens} in=bridgeNoICC out=bridgeNoICC src=10.20.1.2 dst=10.20.1.3 dport=80`)).toBe(
      'drop',
    );
  });

  test("the user's chain decides first, by the port as it was before DNAT", () => {
    const host = hostOf('by-docker', addresses, routes);
    const from = (address: string) => `${opens} in=eth0 src=${address} dst=203.0.113.10 dport=8080`;
    expect(fate(host, 'prerouting', from('198.51.100.66'))).toBe('drop to 192.0.2.2:80');
    expect(fate(host, 'prerouting', from('198.51.100.67'))).toBe('accept to 192.0.2.2:80');
  });
});

describe('kube-proxy', () => {
  const host = hostOf(
    'by-kube-proxy',
    ['lo 127.0.0.1/8', 'eth0 192.168.0.2/24', 'cni0 10.0.0.1/24'],
    [
      '192.168.0.0/24 eth0',
      '10.0.0.0/24 cni0',
      '10.0.1.0/24 eth0 192.168.0.3',
      '10.0.2.0/24 eth0 192.168.0.4',
      'default eth0 192.168.0.254',
    ],
  );
  const outside = `${opens} in=eth0 src=192.168.0.9`;
  const pod = `${opens} in=cni0 src=10.0.0.5`;
  const ends = (packet: string) =>
    send(host, 'prerouting', packet).outcomes.map(
      ({ verdict, packet: { src, dst, dport }, probability }) => `${verdict} ${src} > ${dst}:${dport} ${probability}`,
    );

  test('a NodePort reaches one of the endpoints, as the node', () => {
    expect(ends(`${outside} dst=192.168.0.2 dport=30080`).sort()).toEqual([
      'accept 192.168.0.2 > 10.0.1.5:8080 null',
      'accept 192.168.0.2 > 10.0.2.7:8080 null',
    ]);
  });

  test('a cluster IP draws lots among the endpoints, and pods keep their address', () => {
    const dns = 'proto=udp sport=40000 dport=53 state=new in=cni0 src=10.0.0.5 dst=10.96.0.10';
    expect(ends(dns).sort()).toEqual(['accept 10.0.0.5 > 10.0.0.2:53 0.5', 'accept 10.0.0.5 > 10.0.0.3:53 0.5']);
  });

  test('an endpoint that reaches itself through its Service is masqueraded', () => {
    expect(ends(`${opens} in=cni0 src=10.0.0.8 dst=10.96.0.30 dport=443`)).toContain(
      'accept 10.0.0.1 > 10.0.0.8:8443 0.5',
    );
  });

  test('externalTrafficPolicy Local: the endpoint of this node, and it sees the client', () => {
    expect(ends(`${outside} dst=192.168.0.2 dport=30443`)).toEqual(['accept 192.168.0.9 > 10.0.0.8:8443 1']);
  });

  test('externalTrafficPolicy Local without an endpoint on this node: dropped, but not for pods', () => {
    expect(fate(host, 'prerouting', `${outside} dst=192.168.0.2 dport=30090`)).toBe('drop');
    expect(fate(host, 'prerouting', `${pod} dst=192.168.0.2 dport=30090`)).toBe('accept to 10.0.2.9:8080');
  });

  test('loadBalancerSourceRanges: others are dropped', () => {
    const to = 'dst=203.0.113.9 dport=443';
    expect(fate(host, 'prerouting', `${opens} in=eth0 src=198.51.100.9 ${to}`)).toBe('accept to 10.0.0.8:8443');
    expect(fate(host, 'prerouting', `${outside} ${to}`)).toBe('drop');
  });

  test('a Service without endpoints is rejected, wherever it is asked', () => {
    expect(fate(host, 'prerouting', `${pod} dst=10.96.0.77 dport=80`)).toBe('reject');
    expect(fate(host, 'output', `${opens} src=192.168.0.2 dst=10.96.0.77 dport=80`)).toBe('reject');
    expect(fate(host, 'prerouting', `${outside} dst=203.0.113.77 dport=80`)).toBe('reject');
    expect(fate(host, 'prerouting', `${outside} dst=192.168.0.2 dport=31500`)).toBe('reject');
  });

  test('the health check port is open', () => {
    expect(fate(host, 'prerouting', `${outside} dst=192.168.0.2 dport=31000`)).toBe('accept');
  });
});

describe('ufw', () => {
  const host = hostOf(
    'by-ufw',
    ['lo 127.0.0.1/8', 'eth0 203.0.113.10/24', 'eth1 10.0.0.1/24', 'eth2 10.0.1.1/24'],
    ['203.0.113.0/24 eth0', '10.0.0.0/24 eth1', '10.0.1.0/24 eth2', 'default eth0 203.0.113.1'],
  );
  const to = (port: number, from = '203.0.113.5') =>
    fate(host, 'prerouting', `${opens} in=eth0 src=${from} dst=203.0.113.10 dport=${port}`);

  test('what is allowed gets in, and nothing else', () => {
    expect([443, 8080, 53].map((port) => to(port))).toEqual(['accept', 'accept', 'accept']);
    expect([23, 5432, 445].map((port) => to(port))).toEqual(['drop', 'drop', 'drop']);
    expect(to(5432, '192.0.2.5')).toBe('accept');
  });

  test('limited ssh: accepted, or rejected from the sixth connection in 30 seconds on', () => {
    const { outcomes } = send(host, 'prerouting', `${opens} in=eth0 src=203.0.113.5 dst=203.0.113.10 dport=22`);
    expect(outcomes.map(({ verdict, condition }) => `${verdict}: ${condition}`).sort()).toEqual([
      expect.stringMatching(/^accept: .* does not take it \(-m recent --update --seconds 30 --hitcount 6 /),
      expect.stringMatching(/^reject: .* takes it \(-m recent --update --seconds 30 --hitcount 6 /),
    ]);
  });

  test('a denied address does not even reach what is allowed', () => {
    expect(to(443, '198.51.100.7')).toBe('drop');
  });

  test('ping is answered, packets of no connection are not', () => {
    expect(fate(host, 'prerouting', `${ping} in=eth0 src=192.0.2.5 dst=203.0.113.10`)).toBe('accept');
    const stray = 'proto=tcp sport=40000 dport=443 flags=ack state=invalid in=eth0 src=192.0.2.5 dst=203.0.113.10';
    expect(fate(host, 'prerouting', stray)).toBe('drop');
  });

  test('a route rule lets through what it names', () => {
    const through = (port: number) =>
      fate(host, 'prerouting', `${opens} in=eth1 src=10.0.0.5 dst=10.0.1.9 dport=${port}`);
    expect([through(5432), through(5433)]).toEqual(['accept', 'drop']);
  });

  test('what goes out is free but for what is rejected', () => {
    const out = (port: number) => fate(host, 'output', `${opens} src=203.0.113.10 dst=192.0.2.5 dport=${port}`);
    expect([out(443), out(25)]).toEqual(['accept', 'reject']);
  });

  test('IPv6: the same rules, and neighbours are heard from this link alone', () => {
    const six = hostOf(
      'by-ufw-ipv6',
      ['lo ::1/128', 'eth0 2001:db8::10/64'],
      ['2001:db8::/64 eth0', 'default eth0 fe80::1'],
    );
    const from = 'in=eth0 src=2001:db8::5 dst=2001:db8::10';
    expect(fate(six, 'prerouting', `${opens} ${from} dport=443`)).toBe('accept');
    expect(fate(six, 'prerouting', `${opens} ${from} dport=23`)).toBe('drop');
    const solicitation = 'proto=ipv6-icmp icmp-type=135 icmp-code=0 state=untracked';
    expect(fate(six, 'prerouting', `${solicitation} ttl=255 ${from}`)).toBe('accept');
    expect(fate(six, 'prerouting', `${solicitation} ttl=64 ${from}`)).toBe('drop');
  });
});

describe('firewalld', () => {
  const host = hostOf(
    'by-firewalld',
    ['lo 127.0.0.1/8', 'eth0 192.0.2.1/24', 'eth1 10.0.0.1/24'],
    ['192.0.2.0/24 eth0', '10.0.0.0/24 eth1', '10.9.0.0/16 eth1 10.0.0.254', 'default eth0 192.0.2.254'],
  );
  const to = (port: number, from = '192.0.2.5') =>
    fate(host, 'prerouting', `${opens} in=eth0 src=${from} dst=192.0.2.1 dport=${port}`);

  test('zone public: its services and ports, the rest is rejected', () => {
    expect([22, 5050].map((port) => to(port))).toEqual(['accept', 'accept']);
    expect([443, 9100].map((port) => to(port))).toEqual(['reject', 'reject']);
    expect(fate(host, 'prerouting', `${ping} in=eth0 src=192.0.2.5 dst=192.0.2.1`)).toBe('accept');
  });

  test('rich rules: a negative priority is before all, deny is before allow', () => {
    expect(to(22, '192.0.2.66')).toBe('drop');
    expect(to(22, '198.51.100.5')).toBe('reject');
    expect(to(23)).toBe('drop');
  });

  test('direct rules come before zones', () => {
    expect(to(1234)).toBe('accept');
  });

  test('sources choose the zone before interfaces do', () => {
    expect(to(22, '203.0.113.5')).toBe('drop');
    expect(fate(host, 'prerouting', `${opens} in=eth1 src=10.9.0.5 dst=10.0.0.1 dport=3306`)).toBe('accept');
  });

  test('a forwarded port needs no other rule, and leaves masqueraded by the zone that it goes to', () => {
    expect(to(8080)).toBe('accept to 10.0.0.7:80 from 10.0.0.1');
  });

  test('between zones goes what a policy names', () => {
    const between = (port: number) =>
      fate(host, 'prerouting', `${opens} in=eth0 src=192.0.2.5 dst=10.0.0.7 dport=${port}`);
    expect(between(80)).toBe('accept from 10.0.0.1');
    expect(between(443)).toBe('reject');
    expect(fate(host, 'prerouting', `${opens} in=eth1 src=10.0.0.5 dst=9.9.9.9 dport=443`)).toBe('reject');
  });

  test('IPv6: neighbours are always heard, and a redirect too although zone public blocks it', () => {
    const six = hostOf('by-firewalld-ipv6', ['eth0 2001:db8::10/64'], ['2001:db8::/64 eth0', 'default eth0 fe80::1']);
    const icmp = (type: number) =>
      fate(
        six,
        'prerouting',
        `proto=ipv6-icmp icmp-type=${type} icmp-code=0 ttl=255 state=untracked in=eth0 src=2001:db8::5 dst=2001:db8::10`,
      );
    expect([icmp(135), icmp(137)]).toEqual(['accept', 'accept']);
  });
});

describe('fail2ban', () => {
  const addresses = ['lo 127.0.0.1/8', 'eth0 203.0.113.10/24'];
  const routes = ['203.0.113.0/24 eth0', 'default eth0 203.0.113.1'];
  const host = hostOf('by-fail2ban', addresses, routes);
  const to = (port: number, from: string) =>
    fate(host, 'prerouting', `${opens} in=eth0 src=${from} dst=203.0.113.10 dport=${port}`);

  test("a banned address is rejected at its jail's ports, and there alone", () => {
    expect(to(22, '192.0.2.44')).toBe('reject');
    expect(to(443, '192.0.2.44')).toBe('accept');
    expect(to(443, '203.0.113.80')).toBe('reject');
    expect(to(22, '203.0.113.80')).toBe('accept');
  });

  test('recidive bans from all ports of TCP', () => {
    expect(to(9999, '192.0.2.200')).toBe('reject');
    const dns = 'proto=udp sport=40000 dport=53 state=new in=eth0 src=192.0.2.200 dst=203.0.113.10';
    expect(fate(host, 'prerouting', dns)).toBe('accept');
  });

  test('an address in the ipset of a jail is rejected', () => {
    expect([to(25, '192.0.2.50'), to(25, '192.0.2.51')]).toEqual(['reject', 'accept']);
  });

  test('everybody else gets in', () => {
    expect(to(22, '192.0.2.9')).toBe('accept');
  });

  test('what /proc/net/xt_recent holds is not in the ruleset', () => {
    const recent = hostOf('by-fail2ban-recent', addresses, routes);
    const found = send(recent, 'prerouting', `${opens} in=eth0 src=192.0.2.51 dst=203.0.113.10 dport=143`);
    expect(found.outcomes.map(({ verdict }) => verdict).sort()).toEqual(['accept', 'reject']);
  });
});

describe('Calico', () => {
  const host = hostOf(
    'by-calico',
    ['lo 127.0.0.1/8', 'eth0 172.18.0.11/24', 'tunl0 10.65.0.0/32'],
    [
      '172.18.0.0/24 eth0',
      '10.65.0.4 cali1f79f9e08f2',
      '10.65.0.5 cali5d5e1c3b2a1',
      '10.65.1.0/26 tunl0 172.18.0.12',
      'default eth0 172.18.0.1',
    ],
  );
  const client = `${opens} in=cali5d5e1c3b2a1 src=10.65.0.5`;
  const web = (from: string, port: number) => fate(host, 'prerouting', `${opens} ${from} dst=10.65.0.4 dport=${port}`);

  test('a policy admits what its selector names, and nothing else', () => {
    expect(web('in=tunl0 src=10.65.1.7', 8080)).toBe('accept');
    expect(web('in=tunl0 src=10.65.1.8', 8080)).toBe('drop');
    expect(web('in=tunl0 src=10.65.1.7', 22)).toBe('drop');
    expect(web('in=cali5d5e1c3b2a1 src=10.65.0.5', 8080)).toBe('drop');
  });

  test('several networks and a named port are one condition', () => {
    expect(web('in=eth0 src=198.51.100.3', 9100)).toBe('accept');
    expect(web('in=eth0 src=198.51.100.3', 9101)).toBe('drop');
    expect(web('in=eth0 src=172.18.0.1', 9100)).toBe('drop');
  });

  test('a workload without policies gets anywhere, masqueraded where it leaves the pools', () => {
    expect(fate(host, 'prerouting', `${client} dst=10.65.1.7 dport=443`)).toBe('accept');
    expect(fate(host, 'prerouting', `${client} dst=9.9.9.9 dport=443`)).toBe('accept from 172.18.0.11');
  });

  test('a workload cannot take another address, nor tunnel', () => {
    const forged = `${opens} in=cali5d5e1c3b2a1 src=10.65.0.99 dst=10.65.1.7 dport=443`;
    expect(fate(host, 'prerouting', forged)).toBe('drop');
    const vxlan = 'proto=udp sport=40000 dport=4789 state=new in=cali5d5e1c3b2a1 src=10.65.0.5 dst=9.9.9.9';
    expect(fate(host, 'prerouting', vxlan)).toBe('drop');
  });

  test('an interface that felix does not know of is shut', () => {
    expect(fate(host, 'prerouting', `${opens} in=cali999 src=10.65.0.9 dst=9.9.9.9 dport=443`)).toBe('drop');
  });

  test('the host reaches its workloads whatever their policies', () => {
    expect(fate(host, 'output', `${opens} src=172.18.0.11 dst=10.65.0.4 dport=22`)).toBe('accept');
  });

  test('IP-in-IP is heard from nodes alone', () => {
    expect(fate(host, 'prerouting', 'proto=4 in=eth0 src=172.18.0.12 dst=172.18.0.11')).toBe('accept');
    expect(fate(host, 'prerouting', 'proto=4 in=eth0 src=172.18.0.13 dst=172.18.0.11')).toBe('drop');
  });

  test('a floating IP is the workload, under its policy', () => {
    const floating = (port: number) =>
      fate(host, 'prerouting', `${opens} in=eth0 src=198.51.100.3 dst=203.0.113.4 dport=${port}`);
    expect([floating(9100), floating(22)]).toEqual(['accept to 10.65.0.4', 'drop to 10.65.0.4']);
  });
});
