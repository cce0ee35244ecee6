import { describe, expect, test } from 'vitest';
import { filter, nat, snapshot, verdictOf } from './hand-made.ts';

const wanted = '-p tcp --dport 80 -j ACCEPT';
const allow = '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT';
const packet = 'in=lan out=wan src=10.1.0.2 dst=10.2.0.2 proto=tcp sport=40000 dport=80 flags=syn state=new';
const message = (check: object, save: string, baseline?: string): string =>
  verdictOf(check, {
    now: snapshot(save),
    ...(baseline === undefined ? {} : { baseline: snapshot(baseline) }),
  }).message;

describe('a rule that is right and comes too late is named, with the rule that is in its way', () => {
  test('by the verdict check', () => {
    const check = { verdict: { node: 'host', hook: 'forward', packet, expect: 'accept' } };
    expect(message(check, filter(`-A FORWARD -p udp -j ACCEPT\n-A FORWARD -p tcp -j DROP\n${allow}`))).toContain(
      'Your rule 3 of FORWARD (-p tcp -m tcp --dport 80 -j ACCEPT) would do it, but the packet never gets there: rule 2 (-p tcp -j DROP) takes it first.',
    );
  });

  test('also through several rules in the way, and from a chain of one’s own', () => {
    const check = { verdict: { node: 'host', hook: 'forward', packet, expect: 'accept' } };
    const save = filter(
      '-A FORWARD -p tcp -j DROP\n-A FORWARD -p tcp --dport 80 -j DROP\n-A FORWARD -j WEB\n-A WEB -p tcp --dport 80 -j ACCEPT',
      { forward: 'DROP' },
    ).replace(':OUTPUT', ':WEB - [0:0]\n:OUTPUT');
    expect(message(check, save)).toContain('Your rule 1 of WEB (-p tcp --dport 80 -j ACCEPT) would do it');
    expect(message(check, save)).toContain('rule 1 of FORWARD (-p tcp -j DROP) takes it first');
  });

  test('a rewrite that comes too late', () => {
    const check = {
      verdict: {
        node: 'host',
        hook: 'prerouting',
        packet: 'in=eth0 src=10.0.0.9 dst=10.0.0.1 proto=tcp sport=4 dport=8080 state=new',
        rewrites: { dport: 80 },
      },
    };
    const save = nat('-A PREROUTING -p tcp -j ACCEPT\n-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 80');
    expect(message(check, save)).toContain('Your rule 2 of PREROUTING');
  });

  test('a rule in a chain that the packet never passes', () => {
    const local = 'out=lo src=127.0.0.1 dst=127.0.0.1 proto=tcp sport=40000 dport=8888 flags=syn state=new';
    const redirect = { verdict: { node: 'host', hook: 'output', packet: local, rewrites: { dport: 80 } } };
    const save = nat(
      '-A PREROUTING -i eth0 -p udp -j ACCEPT\n-A PREROUTING -p tcp --dport 8888 -j REDIRECT --to-ports 80',
    );
    expect(message(redirect, save)).toContain(
      'Your rule 2 of nat PREROUTING (-p tcp --dport 8888 -j REDIRECT --to-ports 80) would do it, but a packet that this machine sends never passes nat PREROUTING.',
    );
    // What goes through lo comes back by INPUT: a rule there is no rule that it never passes.
    const dropped = { verdict: { node: 'host', hook: 'output', packet: local, expect: 'drop' } };
    expect(message(dropped, filter('-A INPUT -p tcp --dport 8888 -j DROP'))).not.toContain('Your rule');
    const forwarded = { verdict: { node: 'host', hook: 'forward', packet, expect: 'drop' } };
    expect(message(forwarded, filter('-A INPUT -p tcp --dport 80 -j DROP'))).toContain(
      'a packet that this machine forwards never passes filter INPUT',
    );
    expect(message(forwarded, filter('-A INPUT -p tcp --dport 81 -j DROP'))).not.toContain('Your rule');
    // Nothing that this packet is meant by.
    expect(message(forwarded, filter('-A INPUT -j DROP'))).not.toContain('Your rule');
  });

  test('nothing is said where no rule would do it', () => {
    const check = { verdict: { node: 'host', hook: 'forward', packet, expect: 'accept' } };
    expect(message(check, filter('-A FORWARD -p tcp -j DROP', { forward: 'DROP' }))).not.toContain('Your rule');
    // The policy would accept it: that is no rule of anybody's.
    expect(message(check, filter('-A FORWARD -p tcp -j DROP'))).not.toContain('Your rule');
  });

  test('by the rule check, for a counter that did not move', () => {
    const check = { rule: { node: 'host', chain: 'FORWARD', spec: wanted, counters: 'moved' } };
    expect(message(check, filter(`-A FORWARD -p tcp -j DROP\n${allow}`))).toContain(
      'filter FORWARD rule 2 on host is right, but it is never reached: rule 1 (-p tcp -j DROP) takes these packets first.',
    );
    expect(message(check, filter(allow))).toContain('its counter is not');
  });

  test('by the rule check that asks for it: rules that take its packets only together are all named', () => {
    const check = { rule: { node: 'host', chain: 'FORWARD', spec: wanted, reached: true } };
    const save = filter(`-A FORWARD -s 0.0.0.0/1 -j DROP\n-A FORWARD -s 128.0.0.0/1 -j DROP\n${allow}`);
    expect(message(check, save)).toContain(
      'it is never reached: rule 1 (-s 0.0.0.0/1 -j DROP) and rule 2 (-s 128.0.0.0/1 -j DROP) take these packets first.',
    );
  });

  test('a rule of which a part is taken before is reached', () => {
    const check = { rule: { node: 'host', chain: 'FORWARD', spec: '-p tcp -j ACCEPT', reached: true } };
    const save = filter('-A FORWARD -p tcp --dport 41000 -j DROP\n-A FORWARD -p tcp -j ACCEPT');
    expect(verdictOf(check, { now: snapshot(save) }).verdict).toBe('passed');
  });

  test('by the unchanged check: what the change did to the rules that had to stay', () => {
    const check = { unchanged: { node: 'host', chains: ['FORWARD'] } };
    const before = filter(allow);
    expect(message(check, filter(`-A FORWARD -p tcp -j DROP\n${allow}`), before)).toContain(
      'Now "-p tcp -m tcp --dport 80 -j ACCEPT" (filter FORWARD rule 2) is never reached: rule 1 (-p tcp -j DROP) takes these packets first.',
    );
    expect(message(check, filter(`${allow}\n-A FORWARD -p tcp -j DROP`), before)).not.toContain('never reached');
  });
});
