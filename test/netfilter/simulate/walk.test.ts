import { describe, expect, test } from 'vitest';
import {
  explainWalk,
  findDecidingRule,
  parsePacket,
  parseSave,
  rulesVisited,
  simulate,
} from '../../../engine/netfilter/index.ts';
import { chainAlone, walk } from './walking.ts';

const closed = `
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
-A INPUT -p udp -j REJECT
COMMIT
`;

describe('a packet through one table', () => {
  test('a web request is accepted by the rule that names its port', () => {
    const found = walk(closed, 'in=eth0 proto=tcp dport=443 state=new', 'input');
    expect(found.verdict).toBe('accept');
    expect(found.walk.map(({ rule, matched }) => [rule, matched])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(findDecidingRule(found)).toEqual({ table: 'filter', chain: 'INPUT', rule: 3 });
  });

  test('what no rule takes meets the policy, which is rule 0', () => {
    const found = walk(closed, 'in=eth0 proto=tcp dport=22 state=new', 'input');
    expect(found.verdict).toBe('drop');
    expect(found.walk.at(-1)).toMatchObject({ chain: 'INPUT', rule: 0, matched: true, action: 'DROP' });
    expect(explainWalk(found)).toBe('It got to INPUT (filter); no rule there decided, and the policy DROP dropped it.');
  });

  test('a rejected packet is told from a dropped one', () => {
    expect(walk(closed, 'in=eth0 proto=udp dport=53 state=new', 'input').verdict).toBe('reject');
  });

  test('each step that does not match says which condition failed', () => {
    const found = walk(closed, 'in=eth0 proto=tcp dport=22 state=new', 'input');
    expect(found.walk.slice(0, 3).map(({ why }) => why)).toEqual([
      '-i lo: the packet came in through eth0',
      '-m conntrack --ctstate RELATED,ESTABLISHED: the packet is NEW',
      '-m multiport --dports 80,443: the packet has destination port 22',
    ]);
  });

  test('a port is told as its rule has it', () => {
    const rules = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp ! --dport 1024:65535 -j DROP\nCOMMIT\n';
    const found = walk(rules, 'in=eth0 proto=tcp dport=2000 state=new', 'input');
    expect(found.walk[0]?.why).toBe('-m tcp ! --dport 1024:65535: the packet has destination port 2000');
  });

  test('rulesVisited names each rule once, in order', () => {
    const found = walk(closed, 'in=eth0 proto=tcp dport=443 state=new', 'input');
    expect(rulesVisited(found).map(({ rule }) => rule)).toEqual([1, 2, 3]);
  });

  test('a ruleset without the table accepts', () => {
    expect(walk('', 'in=eth0 proto=tcp dport=22 state=new', 'input').verdict).toBe('accept');
  });
});

describe('chains of the user', () => {
  const text = `
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OUTER - [0:0]
:INNER - [0:0]
:SIDE - [0:0]
-A INPUT -p tcp -j OUTER
-A INPUT -p udp -g SIDE
-A INPUT -p icmp -j OUTER
-A INPUT -j ACCEPT
-A OUTER -p tcp --dport 1 -g INNER
-A OUTER -p tcp --dport 2 -j RETURN
-A OUTER -p tcp -j INNER
-A OUTER -p icmp -j LOG --log-prefix "PING: "
-A OUTER -p icmp -j ACCEPT
-A OUTER -j DROP
-A INNER -p tcp --dport 3 -j RETURN
-A INNER -p tcp --dport 4 -j REJECT
-A SIDE -p udp --dport 5 -j RETURN
COMMIT
`;
  const rules = (packet: string) =>
    walk(text, packet, 'input')
      .walk.filter(({ matched }) => matched)
      .map(({ chain, rule }) => `${chain} ${rule}`);

  test('after RETURN the packet goes on behind the jump', () => {
    expect(rules('in=eth0 proto=tcp dport=2 state=new')).toEqual(['INPUT 1', 'OUTER 2', 'INPUT 4']);
    expect(rules('in=eth0 proto=tcp dport=3 state=new')).toEqual(['INPUT 1', 'OUTER 3', 'INNER 1', 'OUTER 6']);
  });

  test('the end of a chain that was entered by goto goes back to the chain before', () => {
    expect(rules('in=eth0 proto=tcp dport=1 state=new')).toEqual(['INPUT 1', 'OUTER 1', 'INPUT 4']);
  });

  test('a goto out of a built-in chain ends at its policy', () => {
    const found = walk(text, 'in=eth0 proto=udp dport=5 state=new', 'input');
    expect(found.walk.filter(({ matched }) => matched).map(({ chain, rule }) => `${chain} ${rule}`)).toEqual([
      'INPUT 2',
      'SIDE 1',
      'INPUT 0',
    ]);
    expect(found.verdict).toBe('drop');
  });

  test('LOG is on the walk and lets the packet go on', () => {
    expect(rules('in=eth0 proto=icmp icmp-type=8 state=new')).toEqual(['INPUT 3', 'OUTER 4', 'OUTER 5']);
  });

  test('a chain alone: an ICMP packet that enters OUTER is first logged and then accepted', () => {
    const found = chainAlone(text, 'in=eth0 proto=icmp icmp-type=8 state=new', 'filter', 'OUTER');
    expect(found.verdict).toBe('accept');
    expect(found.walk.filter(({ matched }) => matched).map(({ action }) => action)).toEqual(['LOG', 'ACCEPT']);
  });

  test('a chain alone: what comes out at its end goes on', () => {
    expect(chainAlone(text, 'in=eth0 proto=tcp dport=9 state=new', 'filter', 'INNER').verdict).toBe('continue');
    expect(chainAlone(text, 'in=eth0 proto=tcp dport=2 state=new', 'filter', 'OUTER').verdict).toBe('continue');
  });

  test('a chain that is not there cannot be walked', () => {
    const found = chainAlone(text, 'in=eth0 proto=tcp dport=9', 'filter', 'NOWHERE');
    expect(found).toMatchObject({ verdict: 'unknown', unknown: ['there is no chain NOWHERE in filter'] });
  });
});

describe('in words for a learner', () => {
  const text = `
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p udp -j ACCEPT
-A FORWARD -p tcp -j DROP
-A FORWARD -p tcp --dport 80 -j ACCEPT
COMMIT
`;
  test('which rule dropped it, and where theirs stands', () => {
    const found = walk(text, 'in=lan out=wan src=10.0.0.2 dst=10.0.1.2 proto=tcp dport=80 state=new', 'forward');
    expect(explainWalk(found, { table: 'filter', chain: 'FORWARD', rule: 3 })).toBe(
      'It got to FORWARD (filter); rule 2 (-p tcp -j DROP) dropped it. Your rule is rule 3, after it.',
    );
  });
});

test('iptables-nft asks nat before security at INPUT, iptables-legacy after it', () => {
  const text = ['nat', 'security', 'filter', 'mangle']
    .map((name) => `*${name}\n:INPUT ACCEPT [0:0]\nCOMMIT\n`)
    .join('');
  const order = (backend: 'nft' | 'legacy') =>
    simulate({
      ruleset: { ...parseSave(text, { family: 'ipv4' }), backend },
      packet: parsePacket('in=eth0 proto=tcp state=new'),
      hook: 'input',
    }).walk.map(({ table }) => table);
  expect(order('legacy')).toEqual(['mangle', 'filter', 'security', 'nat']);
  expect(order('nft')).toEqual(['mangle', 'filter', 'nat', 'security']);
});
