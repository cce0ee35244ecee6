import { describe, expect, it } from 'vitest';
import { type Family, parseRule, sameRule } from '../../engine/netfilter/index.ts';

function same(a: string, b: string, family: Family = 'ipv4'): boolean {
  return sameRule(parseRule(a, family), parseRule(b, family));
}

describe('two rules mean the same', () => {
  it.each([
    ['-p tcp --dport 80 -j ACCEPT', '-j ACCEPT --dport 80 -p tcp'],
    ['-p tcp -m tcp --dport 80', '-m tcp -p tcp --dport 80'],
    ['-p tcp --dport 80', '-p tcp -m multiport --dports 80'],
    ['-p tcp --dport 80:82', '-p tcp -m multiport --dports 82,80,81'],
    ['-p tcp -m multiport --dports 1:5,3:9', '-p tcp --dport 1:9'],
    ['-p tcp --dport ssh', '-p 6 --dport 22'],
    ['-p tcp ! --dport 80', '-p tcp --dport ! 80'],
    ['-p tcp ! --dport 80', '-p tcp -m multiport --dports 0:79,81:65535'],
    ['! -s 10.0.0.1', '-s ! 10.0.0.1/32'],
    ['-s 10.1.2.3/8', '-s 10.0.0.0/255.0.0.0'],
    ['-s 0/0 -d 0.0.0.0/0 -p all', ''],
    ['-m state --state NEW,ESTABLISHED', '-m conntrack --ctstate ESTABLISHED,NEW'],
    ['-m conntrack ! --ctstate INVALID,UNTRACKED', '-m conntrack --ctstate NEW,ESTABLISHED,RELATED'],
    ['-p tcp --syn', '-p tcp --tcp-flags SYN,RST,ACK,FIN SYN'],
    ['-p icmp --icmp-type ping', '-p icmp --icmp-type 8'],
    ['-p icmp --icmp-type any', '-p icmp'],
    ['-m limit --limit 60/min', '-m limit --limit 1/s --limit-burst 5'],
    ['-j LOG', '-j LOG --log-level warning'],
    ['-j REJECT', '-j REJECT --reject-with port-unreach'],
    ['-p tcp -j REDIRECT --to-port 80', '-p tcp -j REDIRECT --to-ports 80-80'],
    ['-j MARK --set-mark 0x5', '-j MARK --set-xmark 5/0xffffffff'],
    ['-j MARK --or-mark 1', '-j MARK --set-xmark 1/1'],
    ['-j ACCEPT', '--jump ACCEPT -m comment --comment "why"'],
    ['-m conntrack --ctstatus NONE,CONFIRMED', '-m conntrack --ctstatus confirmed'],
    ['-m connbytes --connbytes 1: --connbytes-dir both', '-m connbytes --connbytes 1 --connbytes-dir both'],
    [
      '-m addrtype --dst-type LOCAL,UNICAST --limit-iface-out',
      '-m addrtype --dst-type UNICAST,LOCAL --limit-iface-out',
    ],
    ['-m ttl --ttl-lt 5', '-m ttl ! --ttl-gt 4'],
    ['-m length ! --length 0:99', '-m length --length 100:65535'],
    ['-m dscp --dscp-class EF', '-m dscp --dscp 46'],
    ['-j NOTRACK', '-j CT --notrack'],
    ['-j CONNMARK --set-mark 1', '-j CONNMARK --set-xmark 1/0xffffffff'],
    ['-m owner --uid-owner root', '-m owner --uid-owner 0-0'],
    ['--sourc 10.0.0.1 --in eth0', '-s 10.0.0.1 -i eth0'],
    ['-p tcp --destination-p 80', '-p tcp --dport=80'],
    ['-m owner --uid-owner 0 -m owner --uid-owner 0', '-m owner --uid-owner 0'],
    ['-m frobnicate --x 0x10 --a 10.0.0.1', '-m frobnicate --a 10.0.0.1/32 --x 16'],
  ])('%s | %s', (a, b) => {
    expect(same(a, b)).toBe(true);
  });

  it('also in IPv6', () => {
    expect(same('-s 2001:DB8:0:0::1 -p icmpv6', '-s 2001:db8::1/128 -p 58', 'ipv6')).toBe(true);
    expect(same('-j REJECT', '-j REJECT --reject-with icmp6-port-unreachable', 'ipv6')).toBe(true);
    expect(same('-p icmpv6 --icmpv6-type echo-request', '-p ipv6-icmp -m icmp6 --icmpv6-type 128', 'ipv6')).toBe(true);
  });
});

describe('two rules differ', () => {
  it.each([
    ['-p tcp --dport 80', '-p udp --dport 80'],
    ['-p tcp --dport 80', '-p tcp --sport 80'],
    ['-p tcp --dport 80', '-p tcp ! --dport 80'],
    ['-p tcp --dport 80', '-p tcp'],
    ['-p tcp -m multiport --ports 80', '-p tcp -m multiport --dports 80'],
    ['-p tcp -m multiport ! --ports 80', '-p tcp -m multiport --ports 0:79,81:65535'],
    ['-s 10.0.0.0/8', '-d 10.0.0.0/8'],
    ['-i eth0', '-i eth+'],
    ['-i eth0', '-o eth0'],
    ['-j web', '-g web'],
    ['-j ACCEPT', '-j DROP'],
    ['-j DROP', '-j REJECT'],
    ['-j RETURN', ''],
    ['-m conntrack --ctstate NEW', '-m conntrack --ctstate NEW,RELATED'],
    ['-m conntrack ! --ctstate DNAT', '-m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT'],
    ['-m limit --limit 3/min', '-m limit --limit 3/hour'],
    ['-j LOG --log-prefix a', '-j LOG --log-prefix b'],
    ['-p tcp -j REDIRECT --to-ports 80', '-p tcp -j REDIRECT --to-ports 80 --random'],
    ['-j MARK --set-mark 1/1', '-j MARK --set-mark 1'],
    ['-m recent --set', '-m recent --set --name x'],
    ['-m frobnicate --x 1', '-m frobnicate --x 2'],
    ['-m owner --uid-owner 0', '-m owner ! --uid-owner 0'],
  ])('%s | %s', (a, b) => {
    expect(same(a, b)).toBe(false);
  });
});
