import { expect, test } from 'vitest';
import { buildTimeline } from '../../engine/observe/build-timeline.ts';
import { parseRecords, type TimelineRecord } from '../../engine/observe/records.ts';
import type { TimelineState } from '../../engine/observe/timeline.ts';

const base: TimelineRecord = {
  t: 1,
  kind: 'base',
  node: 'host',
  gen: 1,
  tables: [],
  sections: { sysctls: { 'net.ipv4.ip_forward': '0' } },
};
const generation = (gen: number, ...events: object[]): TimelineRecord => ({
  t: gen,
  kind: 'generation',
  node: 'host',
  gen,
  pid: 1,
  process: 'iptables',
  events: events.map((event) => ({ op: 'newrule', family: 'ip', table: 'filter', chain: 'INPUT', ...event })),
});
const reading = (gen: number, part: object, kind: 'rules' | 'base' = 'rules'): TimelineRecord => ({
  t: gen + 0.1,
  kind,
  node: 'host',
  gen,
  tables: [{ family: 'ipv4', table: 'filter', ...part }],
});
const rules = (state: TimelineState | undefined) =>
  state?.nodes.host?.rulesets[0]?.ruleset.tables[0]?.chains.find((chain) => chain.name === 'INPUT')?.rules ?? [];
const words = (state: TimelineState | undefined) => rules(state).map((rule) => rule.words.join(' '));

test('a text that was read later holds for the whole life of its rule', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5, flags: ['append'] }),
    generation(3, { handle: 6, flags: ['append'] }),
    reading(3, { texts: { 5: '-p icmp -j ACCEPT', 6: '-p udp -j DROP' } }),
    generation(4, { op: 'delrule', handle: 5, counters: [3, 252] }),
  ]);
  expect(states.map(words)).toEqual([
    [],
    ['-p icmp -j ACCEPT'],
    ['-p icmp -j ACCEPT', '-p udp -j DROP'],
    ['-p udp -j DROP'],
  ]);
});

test('a rule that goes leaves its last counters in the state before', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5, flags: ['append'], counters: [0, 0] }),
    generation(3, { op: 'delrule', handle: 5, counters: [3, 252] }),
  ]);
  expect(rules(states[1])[0]?.counters).toEqual({ packets: 3, bytes: 252 });
});

test('a counter that is read after the next change holds for the states since the reading before', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5, flags: ['append'], counters: [0, 0] }),
    reading(2, { counters: { 5: [1, 60] } }),
    generation(3, { handle: 6, flags: ['append'], counters: [0, 0] }),
    generation(4, { op: 'delrule', handle: 6, counters: [4, 240] }),
    generation(5, { op: 'delrule', handle: 5, counters: [3, 180] }),
  ]);
  const packets = (state: TimelineState | undefined) => rules(state).map((rule) => rule.counters?.packets);
  expect(states.map(packets)).toEqual([[], [3], [3, 4], [3], []]);
});

test('a rule that no reading met and whose expressions are not known is unseen', () => {
  const { states } = buildTimeline([base, generation(2, { handle: 5 })]);
  expect(rules(states[1])[0]?.action.kind).toBe('unseen');
});

test('expressions that were read once are known again', () => {
  const expr = [
    { name: 'match', xt: 'something', info: '00' },
    { name: 'counter', packets: 0, bytes: 0 },
  ];
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5, expr }),
    reading(2, { texts: { 5: '-p icmp -j ACCEPT' } }),
    generation(3, { op: 'delrule', handle: 5 }),
    generation(4, { handle: 6, expr: [expr[0], { name: 'counter', packets: 7, bytes: 7 }] }),
    generation(5, { op: 'delrule', handle: 6 }),
  ]);
  expect(words(states[3])).toEqual(['-p icmp -j ACCEPT']);
});

test('what a probe moved is taken off, what came after it is not', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5 }),
    reading(2, { counters: { 5: [2, 100] } }),
    { t: 3, kind: 'mark', name: 'probe-begin' },
    reading(2, { counters: { 5: [12, 600] } }),
    { t: 4, kind: 'mark', name: 'probe-end' },
    reading(2, { counters: { 5: [13, 650] } }),
  ]);
  expect(states.map((state) => [state.probing, rules(state)[0]?.counters?.packets ?? null])).toEqual([
    [false, null],
    [false, 2],
    [true, 2],
    [false, 3],
  ]);
});

test('a reading of an older generation gives texts and counters, and no order', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5, flags: ['append'] }),
    generation(3, { handle: 6, flags: ['append'] }),
    reading(2, { texts: { 5: '-j ACCEPT' }, order: { INPUT: [5] } }),
  ]);
  expect(rules(states[2]).map((rule) => rule.handle)).toEqual([5, 6]);
  expect(words(states[2])[0]).toBe('-j ACCEPT');
});

test('a base after a gap is a state of its own, and one of a known generation is not', () => {
  const full = { full: true, texts: { 5: '-j ACCEPT' }, order: { INPUT: [5] } };
  const same = buildTimeline([
    base,
    generation(2, { handle: 5 }),
    { ...reading(2, full, 'base'), ...{ sections: { sysctls: { 'net.ipv4.ip_forward': '0' } } } } as TimelineRecord,
  ]);
  expect(same.states).toHaveLength(2);
  const gap: TimelineRecord = {
    t: 3,
    kind: 'gap',
    what: 'states',
    node: 'host',
    from: 2,
    to: 3,
    reason: 'events were lost',
  };
  const later = buildTimeline([base, gap, reading(9, full, 'base')]);
  expect(later.gaps).toHaveLength(1);
  expect(words(later.states[1])).toEqual(['-j ACCEPT']);
});

test('sysctls that change are a state; what does not change is the same object', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { handle: 5 }),
    { t: 3, kind: 'state', node: 'host', sections: { sysctls: { 'net.ipv4.ip_forward': '1' } } },
    { t: 4, kind: 'mark', name: 'provisioned' },
  ]);
  expect(states.map((state) => [state.nodes.host?.sysctls['net.ipv4.ip_forward'], state.provisioning])).toEqual([
    ['0', true],
    ['0', true],
    ['1', true],
    ['1', false],
  ]);
  expect(states[3]?.nodes.host).toBe(states[2]?.nodes.host);
  expect(states[2]?.nodes.host?.rulesets[0]?.ruleset.tables[0]).toBe(
    states[1]?.nodes.host?.rulesets[0]?.ruleset.tables[0],
  );
});

test('lines that a killed recorder left unfinished are left out', () => {
  expect(parseRecords('{"t":1,"kind":"recorder","version":1}\n{"t":2,"ki\n\n{"x":1}\n')).toHaveLength(1);
});

test('probes whose grader was killed are over when they must be', () => {
  const at = (record: TimelineRecord, t: number): TimelineRecord => ({ ...record, t });
  const { states } = buildTimeline([
    base,
    { t: 2, kind: 'mark', name: 'probe-begin', detail: '10' },
    at(generation(2, { handle: 5, flags: ['append'] }), 4),
    at(generation(3, { handle: 6, flags: ['append'] }), 13),
  ]);
  expect(states.map(({ time, probing }) => [time, probing])).toEqual([
    [1, false],
    [2, true],
    [4, true],
    [12, false],
    [13, false],
  ]);
});

test("what a node's restart does is nobody's doing", () => {
  const { states } = buildTimeline([
    base,
    { t: 1.5, kind: 'mark', name: 'provisioned' },
    { t: 2, kind: 'mark', name: 'node-restarting', detail: 'host' },
    { ...base, t: 3, gen: 9 },
    { t: 4, kind: 'mark', name: 'node-restarted', detail: 'host' },
    { t: 5, kind: 'mark', name: 'node-restarting', detail: 'host' },
    { ...base, t: 900, gen: 12 },
  ]);
  expect(states.map(({ time, provisioning }) => [time, provisioning])).toEqual([
    [1, true],
    [1.5, false],
    [2, true],
    [3, true],
    [4, false],
    [5, true],
    [205, false],
    [900, false],
  ]);
});

test("a table of nft's own is known from its making, and unknown where it was there before", () => {
  const inet = { family: 'inet', table: 'fw', chain: 'o' };
  const { states } = buildTimeline([
    { ...base, others: [['inet', 'old']] },
    generation(
      2,
      { ...inet, op: 'newtable' },
      { ...inet, op: 'newchain', hook: { number: 3, priority: 0 }, type: 'filter', policy: 1 },
      {
        ...inet,
        handle: 5,
        flags: ['append'],
        counters: [0, 0],
        expr: [{ name: 'immediate', dreg: 0, data: { code: 0 } }],
      },
    ),
    generation(3, { ...inet, op: 'delrule', handle: 5, counters: [3, 180] }, { ...inet, op: 'deltable' }),
  ]);
  const seen = states.map((state) => state.nodes.host);
  expect(seen.map((node) => node?.nftTables.map(({ family, name }) => `${family} ${name}`))).toEqual([
    [],
    ['inet fw'],
    [],
  ]);
  const own = seen[1]?.nftTables[0]?.read?.ipv6;
  expect(own?.bases).toEqual([{ chain: 'o', hook: 'output', type: 'filter', priority: 0 }]);
  expect(own?.table.chains[0]?.rules[0]?.counters).toEqual({ packets: 3, bytes: 180 });
  expect(seen[1]?.problems).toContainEqual({
    section: 'nft',
    message: 'the nft table inet old was there before the recorder began',
  });
});

test('rules of a table that goes and comes back in one transaction are counted', () => {
  const { states } = buildTimeline([
    base,
    generation(2, { op: 'newtable' }, { handle: 5, flags: ['append'], counters: [0, 0] }),
    generation(
      3,
      { op: 'delrule', handle: 5, counters: [2, 120] },
      { op: 'deltable' },
      { op: 'newtable' },
      { handle: 5, flags: ['append'], counters: [0, 0] },
    ),
    reading(3, { counters: { 5: [1, 60] } }),
  ]);
  expect(states.map((state) => rules(state).map((rule) => rule.counters?.packets))).toEqual([[], [2], [1]]);
});
