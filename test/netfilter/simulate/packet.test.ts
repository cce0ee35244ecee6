import { describe, expect, test } from 'vitest';
import { PacketSyntaxError, packetFamily, parsePacket } from '../../../engine/netfilter/index.ts';

describe('a packet as text', () => {
  test('every key is read', () => {
    const text =
      'in=eth0 out=eth1 src=10.0.0.2 dst=10.0.1.2 proto=tcp sport=40000 dport=80 flags=syn,ack mark=0x10 state=new length=60 ttl=64 dir=reply';
    expect(parsePacket(text)).toEqual({
      family: 'ipv4',
      in: 'eth0',
      out: 'eth1',
      src: '10.0.0.2',
      dst: '10.0.1.2',
      protocol: 6,
      sport: 40000,
      dport: 80,
      flags: 18,
      mark: 16,
      state: 'NEW',
      length: 60,
      ttl: 64,
      dir: 'reply',
    });
    expect(parsePacket('proto=icmp icmp-type=3 icmp-code=1')).toMatchObject({ protocol: 1, icmpType: 3, icmpCode: 1 });
  });

  test('the family is that of its addresses', () => {
    expect(packetFamily('src=2001:db8::1 proto=tcp')).toBe('ipv6');
    expect(packetFamily('proto=icmpv6')).toBe('ipv6');
    expect(packetFamily('in=eth0 proto=tcp')).toBe('ipv4');
    expect(parsePacket('src=2001:DB8:0::1')).toMatchObject({ family: 'ipv6', src: '2001:db8::1' });
  });

  test.each([
    ['colour=red', 'colour', 'KEY=VALUE'],
    ['in', 'in', 'KEY=VALUE'],
    ['src=10.0.0', 'src', 'an IPv4 address'],
    ['dport=70000', 'dport', 'a port from 0 to 65535'],
    ['proto=tpc', 'proto', 'a protocol by name'],
    ['flags=SYN', 'flags', 'fin,syn'],
    ['state=open', 'state', 'one of new'],
    ['ttl=', 'ttl', 'a number from 0 to 255'],
    ['in=eth0 in=eth1', 'in', 'each key once'],
    ['proto=icmp dport=8', 'dport', 'a protocol with ports'],
    ['proto=udp flags=syn', 'flags', 'proto=tcp'],
  ])('%s: the error names the key and what was expected', (text, key, expected) => {
    try {
      parsePacket(text, 'ipv4');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PacketSyntaxError);
      expect(error).toMatchObject({ key, expected: expect.stringContaining(expected) });
    }
  });
});
