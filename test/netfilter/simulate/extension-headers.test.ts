import { describe, expect, test } from 'vitest';
import { walk } from './walking.ts';

const filter = (...rules: string[]) => `*filter\n:INPUT ACCEPT [0:0]\n${rules.join('\n')}\nCOMMIT\n`;
const packet = 'in=eth0 src=2001:db8::5 dst=2001:db8::10 proto=tcp dport=22 state=new';

describe('IPv6 extension headers', () => {
  test.each(['rt --rt-type 0', 'rt ! --rt-type 0', 'frag --fragmore', 'hbh --hbh-len 5', 'dst --dst-len 5'])(
    'a packet has none: -m %s does not take it',
    (match) => {
      const found = walk(filter(`-A INPUT -m ${match} -j DROP`), packet, 'input', { family: 'ipv6' });
      expect(found).toMatchObject({ verdict: 'accept', unknown: [] });
    },
  );

  test('the walk says which header is missing', () => {
    const found = walk(filter('-A INPUT -m rt --rt-type 0 -j DROP'), packet, 'input', { family: 'ipv6' });
    expect(found.walk[0]).toMatchObject({ matched: false, why: '-m rt --rt-type 0: the packet has no routing header' });
  });
});

describe('recent', () => {
  const ssh = 'in=eth0 src=192.0.2.5 dst=192.0.2.1 proto=tcp dport=22 state=new';

  test('--set takes every packet, and with ! none', () => {
    expect(walk(filter('-A INPUT -m recent --set --name seen -j DROP'), ssh, 'input').verdict).toBe('drop');
    expect(walk(filter('-A INPUT -m recent ! --set --name seen -j DROP'), ssh, 'input').verdict).toBe('accept');
  });

  test.each(['--rcheck', '--update --seconds 30', '--remove'])('%s rests on what came before', (question) => {
    const found = walk(filter(`-A INPUT -m recent ${question} --name seen -j DROP`), ssh, 'input');
    expect(found.verdict).toBe('unknown');
    expect(found.unknown[0]).toContain('depends on which addresses came before, and when');
  });
});

describe('--ctstate', () => {
  test('where it asks for DNAT, the reason names the rewriting and not the state alone', () => {
    const found = walk(
      '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate ESTABLISHED,DNAT -j ACCEPT\nCOMMIT\n',
      'in=eth0 out=eth1 src=192.0.2.5 dst=198.51.100.5 proto=tcp dport=22 state=new',
      'forward',
    );
    expect(found.unknown).toEqual([
      "filter FORWARD rule 1: -m conntrack --ctstate ESTABLISHED,DNAT: the packet's state, or whether its connection's destination was rewritten, is not given",
    ]);
  });
});
