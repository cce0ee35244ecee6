import { describe, expect, test } from 'vitest';
import type { HostState } from '../../../engine/netfilter/index.ts';
import { host, walk } from './walking.ts';

type Sets = NonNullable<HostState['ipsets']>;
const set = (name: string, type: string, header: string, ...entries: string[]): Sets[number] => ({
  name,
  type,
  header,
  entries,
});

/** Whether `-m set OPTIONS` takes the packet: true, false, or null for not known. */
function takes(
  ipsets: Sets | undefined,
  options: string,
  packet: string,
  family: 'ipv4' | 'ipv6' = 'ipv4',
): boolean | null {
  const rules = `*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set ${options} -j DROP\nCOMMIT\n`;
  const state = host(ipsets === undefined ? {} : { ipsets });
  const { verdict } = walk(rules, packet, 'forward', { state, family });
  return verdict === 'unknown' ? null : verdict === 'drop';
}

const packet =
  'in=lan out=wan src=10.0.0.2 dst=192.0.2.9 proto=tcp sport=4000 dport=80 mac=02:00:00:00:00:0a mark=0x13';

describe('an ipset takes by its dimensions', () => {
  test.each([
    ['hash:ip', 'family inet hashsize 1024 maxelem 65536', '10.0.0.2', 's src', true],
    ['hash:ip', 'family inet', '10.0.0.2', 's dst', false],
    ['hash:ip', 'family inet', '10.0.0.3 timeout 42', 's src', false],
    ['hash:ip', 'family inet netmask 24', '10.0.0.0', 's src', true],
    ['hash:ip', 'family inet', '10.0.0.2 comment "a b"', 's src', true],
    ['hash:net', 'family inet', '192.0.2.0/24', 's dst', true],
    ['hash:net', 'family inet', '0.0.0.0/0', 's dst', true],
    ['hash:net', 'family inet', '192.0.3.0/24', 's dst', false],
    ['hash:ip,port', 'family inet', '192.0.2.9,tcp:80', 's dst,dst', true],
    ['hash:ip,port', 'family inet', '192.0.2.9,udp:80', 's dst,dst', false],
    ['hash:ip,port', 'family inet', '10.0.0.2,tcp:80', 's src,dst', true],
    ['hash:ip,port', 'family inet', '10.0.0.2,tcp:80', 's src,src', false],
    ['hash:ip,port', 'family inet', '192.0.2.9,tcp:80', 's dst', false],
    ['hash:ip,port,ip', 'family inet', '10.0.0.2,tcp:80,192.0.2.9', 's src,dst,dst', true],
    ['hash:ip,port,net', 'family inet', '10.0.0.2,tcp:80,192.0.0.0/16', 's src,dst,dst', true],
    ['hash:net,port', 'family inet', '192.0.0.0/8,tcp:80', 's dst,dst', true],
    ['hash:net,net', 'family inet', '10.0.0.0/8,192.0.2.0/24', 's src,dst', true],
    ['hash:net,net', 'family inet', '10.0.0.0/8,192.0.3.0/24', 's src,dst', false],
    ['hash:net,iface', 'family inet', '10.0.0.0/24,lan', 's src,src', true],
    ['hash:net,iface', 'family inet', '10.0.0.0/24,lan', 's src,dst', false],
    ['hash:net,iface', 'family inet', '192.0.2.0/24,wan', 's dst,dst', true],
    ['hash:net,iface', 'family inet', '10.0.0.0/24,la wildcard', 's src,src', true],
    ['hash:mac', '', '02:00:00:00:00:0A', 's src', true],
    ['hash:mac', '', '02:00:00:00:00:0B', 's src', false],
    ['hash:ip,mac', 'family inet', '10.0.0.2,02:00:00:00:00:0A', 's src,src', true],
    ['hash:ip,mark', 'family inet markmask 0xf', '10.0.0.2,0x3', 's src,src', true],
    ['bitmap:ip', 'range 10.0.0.0-10.0.0.255', '10.0.0.2', 's src', true],
    ['bitmap:ip', 'range 10.0.0.0/16 netmask 24', '10.0.0.0', 's src', true],
    ['bitmap:port', 'range 0-1024', '80', 's dst', true],
    ['bitmap:port', 'range 0-1024', '80', 's src', false],
    ['bitmap:port', 'range 0-1024', '70-90', 's dst', true],
    ['hash:ip', 'family inet6', 'fd00::1', 's src', false],
  ])('%s (%s) with %s, --match-set %s: %s', (type, header, entry, match, expected) => {
    expect(takes([set('s', type, header, entry)], `--match-set ${match}`, packet)).toBe(expected);
    expect(takes([set('s', type, header, entry)], `! --match-set ${match}`, packet)).toBe(!expected);
  });

  test('ICMP’s type and code stand where the port stands', () => {
    const ping = 'in=lan out=wan src=10.0.0.2 dst=192.0.2.9 proto=icmp icmp-type=8 icmp-code=0';
    expect(
      takes([set('s', 'hash:ip,port', 'family inet', '192.0.2.9,icmp:echo-request')], '--match-set s dst,dst', ping),
    ).toBe(true);
    expect(takes([set('s', 'hash:ip,port', 'family inet', '192.0.2.9,icmp:3/1')], '--match-set s dst,dst', ping)).toBe(
      false,
    );
    expect(takes([set('s', 'bitmap:port', 'range 0-1024', '80')], '--match-set s dst', ping)).toBe(false);
  });

  test('IPv6', () => {
    const six = 'in=lan out=wan src=fd00::2 dst=2001:db8::9 proto=tcp dport=80';
    expect(takes([set('s', 'hash:net', 'family inet6', 'fd00::/64')], '--match-set s src', six, 'ipv6')).toBe(true);
    expect(takes([set('s', 'hash:net', 'family inet6', 'fd00::3/128')], '--match-set s src', six, 'ipv6')).toBe(false);
  });
});

describe('nomatch', () => {
  const sets = [set('s', 'hash:net', 'family inet', '10.0.0.0/8', '10.0.0.0/24 nomatch', '10.0.0.2/32')];

  test('the longest network counts', () => {
    expect(takes(sets, '--match-set s src', packet)).toBe(true);
    expect(takes(sets, '--match-set s src', packet.replace('10.0.0.2', '10.0.0.3'))).toBe(false);
    expect(takes(sets, '--match-set s src', packet.replace('10.0.0.2', '10.0.1.3'))).toBe(true);
  });

  test('--return-nomatch takes those alone', () => {
    expect(takes(sets, '--match-set s src --return-nomatch', packet.replace('10.0.0.2', '10.0.0.3'))).toBe(true);
    expect(takes(sets, '--match-set s src --return-nomatch', packet)).toBe(false);
    expect(takes(sets, '--match-set s src --return-nomatch', packet.replace('10.0.0.2', '11.0.0.3'))).toBe(false);
  });
});

describe('a list of sets', () => {
  const sets = [
    set('l', 'list:set', 'size 8', 'ips', 'ports', 'nets'),
    set('ips', 'hash:ip', 'family inet', '10.0.0.9'),
    set('ports', 'hash:ip,port', 'family inet', '10.0.0.2,tcp:80'),
    set('nets', 'hash:net', 'family inet', '10.0.0.0/30'),
  ];

  test('takes what one of its sets takes; those with more dimensions than the rule names do not', () => {
    expect(takes(sets, '--match-set l src', packet)).toBe(true);
    expect(takes(sets.slice(0, 3), '--match-set l src,dst', packet)).toBe(true);
    expect(takes(sets.slice(0, 3), '--match-set l src', packet)).toBe(null);
    expect(takes(sets, '--match-set l src', packet.replace('10.0.0.2', '10.0.0.8'))).toBe(false);
  });
});

describe('what is not known', () => {
  test('without the host’s sets, or where the set is not there, or the packet does not say', () => {
    const sets = [set('s', 'hash:ip,port', 'family inet', '10.0.0.2,tcp:80')];
    expect(takes(undefined, '--match-set s src', packet)).toBe(null);
    expect(takes(sets, '--match-set other src', packet)).toBe(null);
    expect(takes(sets, '--match-set s src,dst', packet.replace('dport=80 ', ''))).toBe(null);
    expect(takes(sets, '--match-set s src,dst', 'in=lan out=wan src=10.0.0.7 proto=tcp')).toBe(false);
  });

  test('an entry’s counters', () => {
    const sets = [set('s', 'hash:ip', 'family inet counters', '10.0.0.2 packets 3 bytes 100')];
    expect(takes(sets, '--match-set s src --packets-gt 2', packet)).toBe(null);
    expect(takes(sets, '--match-set s dst --packets-gt 2', packet)).toBe(false);
  });
});
