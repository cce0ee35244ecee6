import { describe, expect, test } from 'vitest';
import { explainWalk, parsePacket, parseSave, simulate } from '../../../engine/netfilter/index.ts';
import { walk } from './walking.ts';

const filter = (...rules: string[]) => `*filter\n:INPUT ACCEPT [0:0]\n:C - [0:0]\n${rules.join('\n')}\nCOMMIT\n`;

describe('what is not known', () => {
  test('a limit leads to two outcomes, each with its condition', () => {
    const found = walk(
      filter('-A INPUT -m limit --limit 5/min -j ACCEPT', '-A INPUT -j DROP'),
      'in=lo proto=tcp',
      'input',
    );
    expect(found.verdict).toBe('unknown');
    expect(new Map(found.outcomes.map(({ verdict, condition }) => [verdict, condition]))).toEqual(
      new Map([
        ['accept', 'filter INPUT rule 1 takes it (-m limit --limit 5/min)'],
        ['drop', 'filter INPUT rule 1 does not take it (-m limit --limit 5/min)'],
      ]),
    );
    expect(found.unknown).toEqual([
      'filter INPUT rule 1: -m limit --limit 5/min depends on how many packets came before',
    ]);
    expect(explainWalk(found)).toContain('What becomes of it is not known');
  });

  test('it does not matter where both ways end alike', () => {
    const found = walk(
      filter('-A INPUT -m limit --limit 5/min -j DROP', '-A INPUT -j DROP'),
      'in=lo proto=tcp',
      'input',
    );
    expect(found).toMatchObject({ verdict: 'drop', unknown: [] });
    expect(found.outcomes).toHaveLength(1);
  });

  test('a LOG that is limited decides nothing and is on the walk as perhaps', () => {
    const found = walk(
      filter('-A INPUT -m limit --limit 5/min -j LOG', '-A INPUT -j DROP'),
      'in=lo proto=tcp',
      'input',
    );
    expect(found.verdict).toBe('drop');
    expect(found.walk[0]).toMatchObject({ matched: null, action: 'LOG' });
  });

  test('a field that the packet does not say is unknown', () => {
    const rules = filter('-A INPUT -p tcp --tcp-flags SYN,ACK SYN -j DROP');
    expect(walk(rules, 'in=lo proto=tcp', 'input').verdict).toBe('unknown');
    expect(walk(rules, 'in=lo proto=tcp flags=syn', 'input').verdict).toBe('drop');
    expect(walk(rules, 'in=lo proto=udp', 'input').verdict).toBe('accept');
  });

  test('an absent mark is 0', () => {
    expect(walk(filter('-A INPUT -m mark --mark 0x1 -j DROP'), 'in=lo', 'input').verdict).toBe('accept');
  });

  test('the same question has one answer along a way', () => {
    const rules = filter(
      '-A INPUT -p tcp --dport 80 -j C',
      '-A INPUT -p tcp --dport 80 -j DROP',
      '-A C -p tcp --dport 80 -j ACCEPT',
    );
    expect(walk(rules, 'in=lo', 'input')).toMatchObject({ verdict: 'accept' });
  });

  test('a state that is not given is one of those that are left', () => {
    const rules = filter(
      '-A INPUT -m conntrack --ctstate INVALID -j DROP',
      '-A INPUT -m conntrack --ctstate NEW -j DROP',
      '-A INPUT -m conntrack ! --ctstate ESTABLISHED,RELATED,UNTRACKED -j REJECT',
    );
    const found = walk(rules, 'in=lo', 'input');
    expect(new Set(found.outcomes.map(({ verdict }) => verdict))).toEqual(new Set(['drop', 'accept']));
  });

  test('an extension that the simulator does not know may match or not', () => {
    const found = walk(filter('-A INPUT -m set --match-set blocked src -j DROP'), 'in=lo src=10.0.0.1', 'input');
    expect(found.verdict).toBe('unknown');
  });

  test('length and ttl are asked of the packet', () => {
    const rules = filter('-A INPUT -m length --length 100:200 -j DROP', '-A INPUT -m ttl --ttl-lt 5 -j REJECT');
    expect(walk(rules, 'in=lo length=150', 'input').verdict).toBe('drop');
    expect(walk(rules, 'in=lo length=90 ttl=4', 'input').verdict).toBe('reject');
    expect(walk(rules, 'in=lo length=90 ttl=64', 'input').verdict).toBe('accept');
    expect(walk(rules, 'in=lo length=90', 'input').verdict).toBe('unknown');
  });

  test('the walk through rules that each may match stays short', () => {
    const many = Array.from(
      { length: 200 },
      (_, index) =>
        `-A INPUT -m statistic --mode random --probability 0.5 -j MARK --set-xmark 0x${index.toString(16)}/0xffffffff`,
    );
    const found = walk(filter(...many, '-A INPUT -j DROP'), 'in=lo', 'input');
    expect(found.outcomes.length).toBeLessThan(300);
    const jumps = Array.from({ length: 200 }, () => '-A INPUT -m statistic --mode random --probability 0.5 -j C');
    expect(walk(filter(...jumps, '-A INPUT -j DROP'), 'in=lo', 'input')).toMatchObject({
      verdict: 'drop',
      unknown: [],
    });
  });

  test('a table that could not be read makes the verdict unknown, with the reason', () => {
    const ruleset = {
      family: 'ipv4',
      remarks: [],
      tables: [{ name: 'filter', chains: [], unreadable: 'incompatible' }],
    } as const;
    const found = simulate({ ruleset, packet: parsePacket('in=lo proto=tcp'), hook: 'input' });
    expect(found).toMatchObject({ verdict: 'unknown', unknown: ['table filter could not be read: incompatible'] });
  });
});

describe('both backends hold rules', () => {
  const both = (first: string, second: string, packet: string) =>
    simulate({
      rulesets: [
        { ...parseSave(filter(first)), backend: 'legacy' },
        { ...parseSave(filter(second)), backend: 'nft' },
      ],
      packet: parsePacket(packet),
      hook: 'input',
    });

  test('a packet has to be accepted by both', () => {
    expect(both('-A INPUT -p tcp -j ACCEPT', '-A INPUT -p tcp -j DROP', 'in=lo proto=tcp').verdict).toBe('drop');
    expect(both('-A INPUT -p tcp -j ACCEPT', '-A INPUT -p udp -j DROP', 'in=lo proto=tcp').verdict).toBe('accept');
  });

  test('which one is asked first is not known, and said where it matters', () => {
    const found = both('-A INPUT -p tcp -j REJECT', '-A INPUT -p tcp -j DROP', 'in=lo proto=tcp');
    expect(found.verdict).toBe('unknown');
    expect(found.unknown.join()).toContain('asked first');
  });
});
