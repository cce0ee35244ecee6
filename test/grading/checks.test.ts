import { describe, expect, test } from 'vitest';
import { filter, flow, nat, type Story, snapshot, verdictOf } from './hand-made.ts';

const now = (save: string, more = {}): Story => ({ now: snapshot(save, more) });
const rule = (more: object) => ({
  rule: { node: 'host', chain: 'INPUT', spec: '-p tcp --dport 80 -j ACCEPT', ...more },
});

describe('rule', () => {
  test.each([
    '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT',
    '-A INPUT -p tcp -m multiport --dports 80 -j ACCEPT',
    '-A INPUT -p 6 -m tcp --dport 80:80 -m comment --comment web -j ACCEPT',
  ])('passes by meaning: %s', (line) => {
    expect(verdictOf(rule({}), now(filter(line))).verdict).toBe('passed');
  });
  test.each([
    ['another port', '-A INPUT -p tcp -m tcp --dport 81 -j ACCEPT', 'another destination port'],
    ['another target', '-A INPUT -p tcp -m tcp --dport 80 -j DROP', 'another target'],
    ['another chain', '-A OUTPUT -p tcp -m tcp --dport 80 -j ACCEPT', 'it stands in filter OUTPUT'],
    ['too broad', '-A INPUT -p tcp -j ACCEPT', 'no condition on destination port'],
    ['too narrow', '-A INPUT -s 10.0.0.9/32 -p tcp -m tcp --dport 80 -j ACCEPT', 'also asks for source'],
  ])('fails and names the near rule: %s', (_, line, difference) => {
    const result = verdictOf(rule({}), now(filter(line)));
    expect(result.verdict).toBe('failed');
    expect(result.message).toContain(difference);
  });
  test('exists: false fails while it is there', () => {
    const line = '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT';
    expect(verdictOf(rule({ exists: false }), now(filter(line))).verdict).toBe('failed');
    expect(verdictOf(rule({ exists: false }), now(filter())).verdict).toBe('passed');
  });
  test('counters', () => {
    const line = (packets: number) => filter(`[${packets}:100] -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT`);
    expect(verdictOf(rule({ counters: { moved: true } }), now(line(1))).verdict).toBe('passed');
    expect(verdictOf(rule({ counters: { moved: true } }), now(line(0))).message).toContain('No packet has matched it');
    expect(verdictOf(rule({ counters: { atLeast: 5 } }), now(line(4))).verdict).toBe('failed');
  });
  test('packets that a probe moved are not the learner’s', () => {
    const line = (packets: number) => snapshot(filter(`[${packets}:100] -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT`));
    const check = rule({ counters: { moved: true } });
    const probed = [line(0), { snapshot: line(3), probing: true }, line(3)];
    expect(verdictOf(check, { states: probed }).verdict).toBe('failed');
    expect(verdictOf(check, { states: probed }, { when: 'ever' }).verdict).toBe('failed');
    expect(verdictOf(check, { states: [...probed, line(4)] }).verdict).toBe('passed');
  });
  test('a rule whose parameters were never seen may be the one', () => {
    const base = snapshot(filter('-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT'));
    const unseen = structuredClone(base) as never as {
      rulesets: { ruleset: { tables: { chains: { rules: object[] }[] }[] } }[];
    };
    const [chain] = unseen.rulesets[0]?.ruleset.tables[0]?.chains ?? [];
    chain?.rules.splice(0, 1, {
      ...chain.rules[0],
      conditions: [
        { kind: 'protocol', protocol: 6, negated: false },
        { kind: 'unseen', module: 'tcp' },
      ],
    });
    const story = { states: [unseen as never, snapshot(filter())] };
    expect(verdictOf(rule({}), story, { when: 'ever' }).verdict).toBe('could-not-check');
    expect(verdictOf(rule({ spec: '-p udp --dport 80 -j ACCEPT' }), story, { when: 'ever' }).verdict).toBe('failed');
  });
  test('an unreadable table and an unread section are no fault of the learner', () => {
    const problems = [{ section: 'iptables' as const, message: 'nft died' }];
    const result = verdictOf(rule({}), { now: snapshot('', { problems }) });
    expect(result).toEqual({ verdict: 'could-not-check', message: expect.stringContaining('nft died') });
    expect(verdictOf(rule({}), { now: { failure: 'the container is gone' } }).verdict).toBe('could-not-check');
  });
});

describe('chain', () => {
  const built = '-A INPUT -j T\n-A T -p icmp -j LOG --log-prefix "PING: "\n-A T -p icmp -j ACCEPT';
  const save = filter(built).replace(':OUTPUT', ':T - [0:0]\n:OUTPUT');
  const chain = (more: object) => ({ chain: { node: 'host', chain: 'T', ...more } });
  test('exists, its callers and its rules in order', () => {
    expect(verdictOf(chain({ jumpedFrom: 'INPUT' }), now(save)).verdict).toBe('passed');
    expect(verdictOf(chain({ jumpedFrom: 'OUTPUT' }), now(save)).message).toContain('jumped to from INPUT only');
    const rules = ['-p icmp -j LOG --log-prefix "PING: "', '-p icmp -j ACCEPT'];
    expect(verdictOf(chain({ rules }), now(save)).verdict).toBe('passed');
    expect(verdictOf(chain({ rules: rules.toReversed() }), now(save)).verdict).toBe('failed');
    expect(verdictOf(chain({ inOrder: [rules[1]] }), now(save)).verdict).toBe('passed');
    expect(verdictOf(chain({ exists: false }), now(save)).verdict).toBe('failed');
    expect(verdictOf(chain({ exists: false }), now(filter())).verdict).toBe('passed');
    expect(verdictOf(chain({}), now(filter())).message).toContain('INPUT');
  });
  test('policy and emptiness; a table that nobody touched accepts', () => {
    const forward = { chain: { node: 'host', chain: 'FORWARD', policy: 'DROP' } };
    expect(verdictOf(forward, now(filter('', { forward: 'DROP' }))).verdict).toBe('passed');
    expect(verdictOf(forward, now('')).verdict).toBe('failed');
    expect(verdictOf({ chain: { node: 'host', chain: 'OUTPUT', empty: true } }, now(save)).verdict).toBe('passed');
    expect(verdictOf(chain({ empty: true }), now(save)).verdict).toBe('failed');
  });
});

describe('unchanged', () => {
  const start =
    '-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -p udp -m udp --dport 53 -j DROP';
  const baseline = snapshot(filter(start));
  const against = (save: string, more: object = {}) =>
    verdictOf({ unchanged: { node: 'host', ...more } }, { baseline, now: snapshot(save) });
  test('counters, spelling and an empty table more are no change', () => {
    const spelled = filter(
      start.replace('-m tcp --dport 22', '-m multiport --dports 22').replace('-A INPUT -i lo', '[5:9] -A INPUT -i lo'),
    );
    expect(against(spelled).verdict).toBe('passed');
    expect(against(filter(start) + nat()).verdict).toBe('passed');
  });
  test.each([
    ['a rule less', filter(start.split('\n').slice(1).join('\n')), 'lacks'],
    ['a rule more', filter(`${start}\n-A INPUT -j LOG`), 'more'],
    ['another order', filter(start.split('\n').toReversed().join('\n')), 'another place'],
    ['a policy', filter(start, { input: 'DROP' }), 'policy'],
    ['a chain more', filter(start).replace(':OUTPUT', ':T - [0:0]\n:OUTPUT'), 'chain filter T'],
    ['all flushed', '', 'lacks'],
    ['another table', filter(start) + nat('-A OUTPUT -p tcp -j REDIRECT'), 'nat OUTPUT'],
  ])('%s is', (_, save, word) => {
    const result = against(save);
    expect(result.verdict).toBe('failed');
    expect(result.message).toContain(word);
  });
  test('options narrow it', () => {
    const more = filter(`-A INPUT -s 10.0.0.9/32 -j DROP\n${start}`);
    expect(against(more, { additions: true }).verdict).toBe('passed');
    expect(against(filter(start.split('\n').slice(1).join('\n')), { additions: true }).verdict).toBe('failed');
    const repaired = filter(start.replace('\n-A INPUT -p udp -m udp --dport 53 -j DROP', ''));
    const except = [{ chain: 'INPUT', spec: '-p udp --dport 53 -j DROP' }];
    expect(against(repaired, { except }).verdict).toBe('passed');
    expect(against(filter(start), { except }).verdict).toBe('passed');
    expect(against(more, { policies: 'only' }).verdict).toBe('passed');
    expect(against(filter(start) + nat('-A OUTPUT -p tcp -j REDIRECT'), { tables: ['filter'] }).verdict).toBe('passed');
    const chained = filter(`${start}\n-A INPUT -j T\n-A T -j DROP`).replace(':OUTPUT', ':T - [0:0]\n:OUTPUT');
    expect(against(chained, { ignore: [{ chain: 'T' }] }).verdict).toBe('passed');
  });
  test('sysctls', () => {
    const of = (value: string) => snapshot(filter(start), { sysctls: { 'net.ipv4.ip_forward': value } });
    const check = { unchanged: { node: 'host', sysctls: ['net.ipv4.ip_forward'] } };
    expect(verdictOf(check, { baseline: of('0'), now: of('0') }).verdict).toBe('passed');
    expect(verdictOf(check, { baseline: of('0'), now: of('1') }).verdict).toBe('failed');
    expect(verdictOf(check, { baseline, now: of('1') }).verdict).toBe('could-not-check');
  });
});

describe('small state checks', () => {
  const state = snapshot('', {
    sysctls: { 'net.ipv4.ip_forward': '1' },
    routes: [
      {
        family: 'ipv4',
        table: 'main',
        destination: 'default',
        via: '10.0.0.254',
        interface: 'eth0',
        source: null,
        metric: null,
        type: 'unicast',
      },
    ],
    listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 80 }],
    ipsets: [{ name: 'bad', type: 'hash:ip', header: '', entries: ['10.0.0.9', '10.0.0.8 timeout 3'] }],
  });
  test.each([
    [{ sysctl: { node: 'host', name: 'net.ipv4.ip_forward', value: 1 } }, 'passed'],
    [{ sysctl: { node: 'host', name: 'net.ipv4.ip_forward', value: 0 } }, 'failed'],
    [{ sysctl: { node: 'host', name: 'net.ipv4.unread', value: 0 } }, 'could-not-check'],
    [{ route: { node: 'host', to: 'default', via: '10.0.0.254' } }, 'passed'],
    [{ route: { node: 'host', to: 'default', via: '10.0.0.253' } }, 'failed'],
    [{ route: { node: 'host', to: '10.9.0.0/16', exists: false } }, 'passed'],
    [{ address: { node: 'host', address: '10.0.0.1/24', interface: 'eth0' } }, 'passed'],
    [{ address: { node: 'host', address: '10.0.0.1/16' } }, 'failed'],
    [{ address: { node: 'host', address: '10.0.0.2', exists: false } }, 'passed'],
    [{ listener: { node: 'host', port: 80, address: '10.0.0.1' } }, 'passed'],
    [{ listener: { node: 'host', port: '81' } }, 'failed'],
    [{ listener: { node: 'host', port: 80, proto: 'udp', exists: false } }, 'passed'],
    [{ ipset: { node: 'host', name: 'bad', contains: ['10.0.0.8'], atLeast: 2 } }, 'passed'],
    [{ ipset: { node: 'host', name: 'bad', lacks: ['10.0.0.9'] } }, 'failed'],
    [{ ipset: { node: 'host', name: 'worse' } }, 'failed'],
    [{ sysctl: { node: 'nobody', name: 'net.ipv4.ip_forward', value: 1 } }, 'could-not-check'],
  ] as const)('%j is %s', (check, verdict) => {
    expect(verdictOf(check, { now: state }).verdict).toBe(verdict);
  });
});

describe('conntrack', () => {
  const check = { conntrack: { node: 'host', proto: 'tcp', dport: 8888, 'reply-sport': 80, replied: true } };
  const event = (time: number, more = {}, probing = false, name: 'new' | 'update' | 'destroy' = 'new') => ({
    time,
    node: 'host',
    event: name,
    flow: flow(more),
    probing,
  });
  test('a flow in the state’s time, its reply seen later', () => {
    const flows = [event(101.5, { replied: false }), event(101.6, {}, false, 'update')];
    const states = [snapshot(filter()), snapshot()];
    expect(verdictOf(check, { states, timeline: { flows } }, { when: 'ever' }).verdict).toBe('passed');
    expect(verdictOf(check, { now: snapshot('', { conntrack: [flow()] }) }).verdict).toBe('passed');
  });
  test('the rule and the flow have to be of one state', () => {
    const redirect = nat('-A OUTPUT -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 80');
    const both = [
      { rule: { node: 'host', table: 'nat', chain: 'OUTPUT', spec: '-p tcp --dport 8888 -j REDIRECT --to-port 80' } },
      check,
    ];
    const states = [snapshot(redirect), snapshot(), snapshot()];
    const seen = (time: number) =>
      verdictOf({ all: both }, { states, timeline: { flows: [event(time)] } }, { when: 'ever' });
    expect(seen(101.5).verdict).toBe('passed');
    expect(seen(102.5).verdict).toBe('failed');
  });
  test('flows of probes and others do not count', () => {
    const states = [snapshot()];
    const of = (flows: ReturnType<typeof event>[]) =>
      verdictOf(check, { states, timeline: { flows } }, { when: 'ever' });
    expect(of([event(101.5, {}, true)]).verdict).toBe('failed');
    expect(of([event(101.5, { replied: false })]).verdict).toBe('failed');
    expect(of([]).message).toContain('No connection');
  });
  test('lost flows cannot be disproved', () => {
    const gaps = [{ what: 'flows' as const, node: 'host', from: 101, to: 101.2, reason: 'buffer' }];
    expect(verdictOf(check, { states: [snapshot()], timeline: { gaps } }, { when: 'ever' }).verdict).toBe(
      'could-not-check',
    );
  });
});

describe('log', () => {
  const check = { log: { node: 'host', prefix: 'PING: ' } };
  const counted = (packets: number) =>
    snapshot(filter(`[${packets}:84] -A INPUT -p icmp -j LOG --log-prefix "PING: "`));
  const line = (time: number, text = 'PING: IN=lo OUT= MAC=00 SRC=127.0.0.1 DST=127.0.0.1 LEN=84 PROTO=ICMP') => ({
    time,
    sequence: 1,
    text,
  });
  test('a counted rule and its line', () => {
    const story = { states: [counted(1), snapshot()], timeline: { log: [line(101.5)] } };
    expect(verdictOf(check, story).verdict).toBe('passed');
  });
  test.each([
    ['the rule did not count', { states: [counted(0)], timeline: { log: [line(101.5)] } }],
    ['no line', { states: [counted(1)] }],
    [
      'an interface of another',
      { states: [counted(1)], timeline: { log: [line(101.5, 'PING: IN=wan9 OUT= SRC=1.2.3.4 DST=5.6.7.8')] } },
    ],
    [
      'another prefix',
      {
        states: [snapshot(filter('[1:84] -A INPUT -p icmp -j LOG --log-prefix "PONG: "'))],
        timeline: { log: [line(101.5, 'PONG: IN=lo OUT=')] },
      },
    ],
    ['long before', { states: [counted(1)], timeline: { log: [line(40)] } }],
  ])('fails: %s', (_, story) => {
    expect(verdictOf(check, story).verdict).toBe('failed');
  });
  test('where the log cannot be had nobody is wrong', () => {
    const result = verdictOf(check, { states: [counted(1)], kernelLog: { failure: 'rootless Docker' } });
    expect(result).toEqual({ verdict: 'could-not-check', message: expect.stringContaining('rootless Docker') });
  });
});

describe('file', () => {
  const live =
    filter('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT') + nat('-A OUTPUT -p tcp -j REDIRECT --to-ports 80');
  const check = { file: { node: 'host', path: '/root/rules.v4', ruleset: { equals: 'live' } } };
  const of = (file: unknown) => verdictOf(check, { now: snapshot(live), files: { '/root/rules.v4': file as never } });
  const text = (text: string) => of({ value: { kind: 'text', text } });
  test('the live rules, with or without counters', () => {
    expect(text(live).verdict).toBe('passed');
    expect(text(live.replace('-A INPUT', '[7:8] -A INPUT').replaceAll('[0:0]', '[5:6]')).verdict).toBe('passed');
  });
  test('anything else', () => {
    expect(text(filter('-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT')).message).toContain('nat OUTPUT');
    expect(text(live.replace('22', '23')).verdict).toBe('failed');
    expect(text('Chain INPUT (policy ACCEPT)\n').verdict).toBe('failed');
    expect(text('').verdict).toBe('failed');
    expect(of({ value: { kind: 'absent' } }).verdict).toBe('failed');
    expect(of({ value: { kind: 'too-large', bytes: 9e9 } }).verdict).toBe('failed');
    expect(of({ failure: 'the container is gone' }).verdict).toBe('could-not-check');
  });
});

describe('probe', () => {
  const spec = {
    from: 'host',
    to: '10.0.0.2',
    proto: 'tcp',
    port: 80,
    expect: 'answered',
    counters: [],
    count: 1,
    seconds: 2,
  };
  const seen = {
    node: 'server',
    interface: 'eth0',
    source: '10.0.0.1',
    destination: '10.0.0.2',
    sourcePort: 4,
    destinationPort: 80,
  };
  const result = (outcome: string, sightings: object[] = [seen], counters: object[] = []) =>
    ({ value: { attempts: [{ outcome, reply: '', elapsedMs: 1, seen: sightings }], counters } }) as never;
  const of = (more: object, observed: never) => {
    const probe = { ...spec, ...more };
    return verdictOf({ probe }, { probes: [[probe, observed]] });
  };
  test('outcomes', () => {
    expect(of({}, result('answered')).verdict).toBe('passed');
    expect(of({}, result('timeout')).message).toContain('nothing came back');
    expect(of({ expect: 'refused' }, result('refused')).verdict).toBe('passed');
    expect(of({ expect: 'delivered' }, result('timeout')).verdict).toBe('passed');
    expect(of({ expect: 'delivered' }, result('timeout', [])).verdict).toBe('failed');
    expect(of({ expect: 'not-delivered' }, result('timeout', [])).verdict).toBe('passed');
    expect(of({ expect: 'not-delivered' }, result('answered')).verdict).toBe('failed');
    expect(of({}, { failure: 'no such namespace' } as never).verdict).toBe('could-not-check');
  });
  test('the source that the far end saw', () => {
    expect(of({ seen: { node: 'server', source: '10.0.0.1' } }, result('answered')).verdict).toBe('passed');
    expect(of({ seen: { node: 'server', source: '10.0.9.1' } }, result('answered')).message).toContain(
      'come from 10.0.0.1',
    );
  });
  test('counters', () => {
    const counters = [{ node: 'host', family: 'ipv4', table: 'filter', chain: 'OUTPUT', spec: '-j ACCEPT', by: 1 }];
    expect(of({ counters }, result('answered', [seen], [{ before: 4, after: 5 }])).verdict).toBe('passed');
    expect(of({ counters }, result('answered', [seen], [{ before: 4, after: 4 }])).verdict).toBe('failed');
    expect(of({ counters }, result('answered', [seen], [{ before: null, after: null }])).message).toContain('No rule');
  });
});
