import { describe, expect, test } from 'vitest';
import { filter, nat, snapshot, verdictOf } from './hand-made.ts';

const of = (check: object, save: string) => verdictOf({ verdict: { node: 'host', ...check } }, { now: snapshot(save) });
const local = 'out=lo src=127.0.0.1 dst=127.0.0.1 proto=tcp sport=40000 dport=8888 flags=syn state=new';
const ping = 'in=lo src=127.0.0.1 dst=127.0.0.1 proto=icmp icmp-type=8 icmp-code=0 state=new';
const withChain = (lines: string) => filter(lines).replace(':OUTPUT', ':TEST_CHAIN - [0:0]\n:OUTPUT');

describe('verdict', () => {
  const redirect = { hook: 'output', packet: local, expect: 'accept', rewrites: { dport: 80 } };
  test.each([
    ['-A OUTPUT -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 80', 'passed'],
    ['-A OUTPUT -o lo -p tcp -m multiport --dports 8888,8889 -j DNAT --to-destination 127.0.0.1:80', 'passed'],
    ['-A OUTPUT -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 8080', 'failed'],
    ['-A PREROUTING -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 80', 'failed'],
    ['-A OUTPUT -p udp -m udp --dport 8888 -j REDIRECT --to-ports 80', 'failed'],
    ['-A OUTPUT -j RETURN\n-A OUTPUT -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 80', 'failed'],
  ])('redirect by %s: %s', (line, verdict) => {
    expect(of(redirect, nat(line)).verdict).toBe(verdict);
  });

  const logged = { from: { table: 'filter', chain: 'TEST_CHAIN' }, packet: ping, logged: 'PING: ', expect: 'accept' };
  const log = '-A TEST_CHAIN -p icmp -j LOG --log-prefix "PING: "';
  test.each([
    [`${log}\n-A TEST_CHAIN -p icmp -j ACCEPT`, 'passed'],
    [`${log}\n-A TEST_CHAIN -j ACCEPT`, 'passed'],
    [`-A TEST_CHAIN -p icmp -j ACCEPT\n${log}`, 'failed'],
    [`${log}\n-A TEST_CHAIN -p icmp -j DROP`, 'failed'],
    [log, 'failed'],
    [`${log.replace('PING', 'PONG')}\n-A TEST_CHAIN -p icmp -j ACCEPT`, 'failed'],
  ])('a chain that logs, then accepts: %j is %s', (lines, verdict) => {
    expect(of(logged, withChain(lines)).verdict).toBe(verdict);
  });
  test('a chain that is not there', () => {
    expect(of(logged, filter())).toEqual({
      verdict: 'failed',
      message: expect.stringContaining('no chain TEST_CHAIN'),
    });
  });
  test('continue, through, decidedIn', () => {
    const save = withChain('-A INPUT -p icmp -j TEST_CHAIN\n-A INPUT -j DROP\n-A TEST_CHAIN -p icmp -j ACCEPT');
    const tcp = 'in=lo src=127.0.0.1 dst=127.0.0.1 proto=tcp sport=40000 dport=80 flags=syn state=new';
    expect(of({ from: { table: 'filter', chain: 'TEST_CHAIN' }, packet: tcp, expect: 'continue' }, save).verdict).toBe(
      'passed',
    );
    expect(of({ hook: 'input', packet: ping, through: 'TEST_CHAIN' }, save).verdict).toBe('passed');
    expect(of({ hook: 'input', packet: tcp, through: 'TEST_CHAIN' }, save).verdict).toBe('failed');
    expect(of({ hook: 'input', packet: ping, decidedIn: { chain: 'TEST_CHAIN' } }, save).verdict).toBe('passed');
    expect(of({ hook: 'input', packet: tcp, decidedIn: { chain: 'INPUT' }, expect: 'drop' }, save).verdict).toBe(
      'passed',
    );
    expect(of({ hook: 'input', packet: ping, notDecidedIn: { chain: 'TEST_CHAIN' } }, save).verdict).toBe('failed');
  });
  test('counters of the rules that logged and decided', () => {
    const counted = (logs: number, accepts: number) =>
      withChain(`[${logs}:1] ${log}\n[${accepts}:1] -A TEST_CHAIN -p icmp -j ACCEPT`);
    expect(of({ ...logged, counters: 'moved' }, counted(1, 1)).verdict).toBe('passed');
    expect(of({ ...logged, counters: 'moved' }, counted(1, 0)).verdict).toBe('failed');
    expect(of({ ...logged, counters: 'moved' }, counted(0, 1)).verdict).toBe('failed');
  });
  test('untouched', () => {
    const out = 'in=wan out=lan src=10.1.0.2 dst=10.2.0.2 proto=tcp sport=40000 dport=80 flags=syn state=new';
    const check = { hook: 'postrouting', packet: out, untouched: true };
    expect(of(check, nat('-A POSTROUTING -o wan -j MASQUERADE')).verdict).toBe('passed');
    expect(of(check, nat('-A POSTROUTING -j MASQUERADE')).verdict).toBe('failed');
    expect(of(check, nat('-A POSTROUTING -j SNAT --to-source 10.2.0.1')).verdict).toBe('failed');
  });
  test('a failure carries the walk', () => {
    const forward = {
      hook: 'forward',
      packet: 'in=lan out=wan src=10.1.0.2 dst=10.2.0.2 proto=tcp dport=80 state=new',
      expect: 'accept',
    };
    const result = of(
      forward,
      filter('-A FORWARD -s 10.1.0.9 -j ACCEPT\n-A FORWARD -p tcp -j DROP\n-A FORWARD -j ACCEPT'),
    );
    expect(result.verdict).toBe('failed');
    expect(result.message).toContain('FORWARD (filter); rule 2 (-p tcp -j DROP) dropped it');
    expect(result.walk).toMatchObject({ node: 'host', verdict: 'drop', decided: 1, rewrites: [] });
    expect(result.walk?.steps.map(({ chain, rule, matched }) => [chain, rule, matched])).toEqual([
      ['FORWARD', 1, false],
      ['FORWARD', 2, true],
    ]);
    expect(result.walk?.steps[0]?.why).not.toBe('');
    expect(JSON.stringify(result.walk)).not.toContain('"of"');
  });
  test('what the simulator cannot know is nobody’s fault', () => {
    const check = { hook: 'input', packet: ping, expect: 'accept' };
    expect(of(check, filter('-A INPUT -m set --match-set never src -j DROP')).verdict).toBe('could-not-check');
  });
});

describe('reached', () => {
  const rule = { rule: { node: 'host', chain: 'INPUT', spec: '-p tcp --dport 80 -j ACCEPT', reached: true } };
  const allow = '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT';
  test.each([
    [allow, 'passed'],
    [`-A INPUT -p tcp -j DROP\n${allow}`, 'failed'],
    [`-A INPUT -p udp -j DROP\n${allow}`, 'passed'],
    [`-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n${allow}`, 'passed'],
    [`-A INPUT -j ACCEPT\n${allow}`, 'failed'],
  ])('%j: %s', (lines, verdict) => {
    const result = verdictOf(rule, { now: snapshot(filter(lines)) });
    expect(result.verdict).toBe(verdict);
    if (verdict === 'failed') expect(result.message).toContain('is never reached: rule 1 (');
  });
});

describe('answers about packets', () => {
  const of = (question: object, value: string, save: string) =>
    verdictOf({ answer: { question: 'q' } }, { answers: { q: { value, at: snapshot(save) } } }, {}, [
      { id: 'q', ask: 'Where?', ...question },
    ]).verdict;
  const arriving = 'in=eth0 src=10.0.0.9 dst=10.0.0.1 proto=tcp sport=40000 dport=8080 state=new';
  test('where nat sends it', () => {
    const question = { kind: 'endpoint', truth: { 'dnat-target': { node: 'host', packet: arriving } } };
    const save = nat('-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.20:3000');
    expect(of(question, '10.0.0.20:3000', save)).toBe('passed');
    expect(of(question, '10.0.0.20:8080', save)).toBe('failed');
    expect(of(question, '10.0.0.20:3000', nat())).toBe('failed');
    const portKept = nat('-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.20');
    expect(of(question, '10.0.0.20:8080', portKept)).toBe('passed');
  });
  test('which rule decides', () => {
    const packet = 'in=lan out=wan src=10.1.0.2 dst=10.2.0.2 proto=tcp sport=40000 dport=80 flags=syn state=new';
    const question = { kind: 'rule', truth: { 'deciding-rule': { node: 'host', hook: 'forward', packet } } };
    const save = filter(
      '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -p tcp -m tcp --dport 80 -j DROP\n-A FORWARD -j ACCEPT',
    );
    expect(of(question, 'FORWARD:2', save)).toBe('passed');
    expect(of(question, 'FORWARD:3', save)).toBe('failed');
  });
});
