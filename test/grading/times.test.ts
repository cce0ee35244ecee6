import { describe, expect, test } from 'vitest';
import { exitCodeOf, judge } from '../../engine/grading/judge.ts';
import { criterionSchema } from '../../engine/grading/schema.ts';
import { evidenceOf, filter, judged, type Story, snapshot } from './hand-made.ts';

const rule = (dport: number) => ({ rule: { node: 'host', chain: 'INPUT', spec: `-p tcp --dport ${dport} -j ACCEPT` } });
const line = (dport: number) => `-A INPUT -p tcp -m tcp --dport ${dport} -j ACCEPT`;
const at = (...ports: number[]) => snapshot(filter(ports.map(line).join('\n')));
const gap = { what: 'states' as const, node: null, from: 101.2, to: 101.4, reason: 'the buffer ran over' };

describe('ever', () => {
  const both = { all: [rule(80), rule(81)], when: 'ever' };
  const of = (story: Story) => judged([both], story).criteria[0]?.verdict;
  test('all in one and the same state', () => {
    expect(of({ states: [at(80), at(80, 81), at()] })).toBe('passed');
    expect(of({ states: [at(80), at(81), at()] })).toBe('failed');
  });
  test('now is a state too', () => {
    expect(of({ states: [at()], now: at(80, 81) })).toBe('passed');
  });
  test('provisioning and probing are not the learner', () => {
    expect(
      of({ states: [{ snapshot: at(80, 81), provisioning: true }, { snapshot: at(), provisioning: true }, at()] }),
    ).toBe('failed');
    expect(of({ states: [{ snapshot: at(80, 81), probing: true }, at()] })).toBe('failed');
  });
  test('over a gap it cannot be disproved, but proved elsewhere it is', () => {
    expect(of({ states: [at(80), at()], timeline: { gaps: [gap] } })).toBe('could-not-check');
    expect(of({ states: [at(80, 81), at()], timeline: { gaps: [gap] } })).toBe('passed');
    expect(of({ states: [at()], timeline: { gaps: [{ ...gap, what: 'log' }] } })).toBe('failed');
    expect(of({ states: [at()], timeline: { gaps: [{ ...gap, from: 1, to: 2 }] } })).toBe('failed');
  });
  test('without a timeline', () => {
    expect(of({ now: at(80, 81), lost: 'no recorder' })).toBe('passed');
    expect(of({ now: at(80), lost: 'no recorder' })).toBe('could-not-check');
  });
});

describe('held', () => {
  const held = { id: 'kept', all: [rule(22)], when: 'held' };
  const other = { id: 'other', all: [rule(80)] };
  const of = (story: Story) => judged([held, other], story).criteria[0]?.verdict;
  test('is reached when another criterion has passed', () => {
    expect(of({ states: [at(22)] })).toBe('not-reached');
    expect(of({ states: [at(22), at(22, 80)] })).toBe('passed');
  });
  test('fails at once when violated, also for a moment, also in a probe', () => {
    expect(of({ states: [at(22), at(), at(22, 80)] })).toBe('failed');
    expect(of({ states: [at(22), at()] })).toBe('failed');
    expect(of({ states: [at(22), { snapshot: at(), probing: true }, at(22, 80)] })).toBe('failed');
  });
  test('a gap proves nothing held', () => {
    expect(of({ states: [at(22, 80)], timeline: { gaps: [gap] } })).toBe('could-not-check');
    expect(of({ states: [at(22), at(), at(22, 80)], timeline: { gaps: [gap] } })).toBe('failed');
    expect(of({ now: at(22, 80), lost: 'no recorder' })).toBe('could-not-check');
  });
  test('two held ones do not reach each other', () => {
    const report = judged([held, { ...held, id: 'kept-too' }, other], { states: [at(22)] });
    expect(report.criteria.map((one) => one.verdict)).toEqual(['not-reached', 'not-reached', 'failed']);
  });
});

describe('then', () => {
  const built = { id: 'built', all: [rule(80)], when: 'ever' };
  // biome-ignore lint/suspicious/noThenProperty: the word of lab.yaml
  const gone = { id: 'gone', not: [rule(80)], when: { then: 'built' } };
  const of = (story: Story) => judged([built, gone], story).criteria.map((one) => one.verdict);
  test('true now, and the other was true before', () => {
    expect(of({ states: [at(), at(80), at()] })).toEqual(['passed', 'passed']);
    expect(of({ states: [at(), at(80)] })).toEqual(['passed', 'failed']);
    expect(of({ states: [at()] })).toEqual(['failed', 'failed']);
    expect(of({ states: [at()], timeline: { gaps: [gap] } })).toEqual(['could-not-check', 'could-not-check']);
  });
});

describe('after', () => {
  const first = { id: 'first', all: [rule(80)] };
  const second = { id: 'second', all: [rule(81)], after: ['first'] };
  const third = { id: 'third', all: [rule(82)], after: ['second'] };
  test('is not reached before, and only then', () => {
    const of = (...ports: number[]) =>
      judged([third, second, first], { now: at(...ports) }).criteria.map((one) => one.verdict);
    expect(of()).toEqual(['not-reached', 'not-reached', 'failed']);
    expect(of(81, 82)).toEqual(['not-reached', 'not-reached', 'failed']);
    expect(of(80)).toEqual(['not-reached', 'failed', 'passed']);
    expect(of(80, 81, 82)).toEqual(['passed', 'passed', 'passed']);
  });
});

describe('marks', () => {
  const sum = (story: Story) => {
    const report = judged(
      [
        { all: [rule(80)], points: 30 },
        { all: [{ sysctl: { node: 'host', name: 'net.a', value: 1 } }], points: 20 },
      ],
      story,
    );
    return { ...report, criteria: undefined, session: undefined, lab: undefined, exit: exitCodeOf(report) };
  };
  test('score counts passed only, undecided what could not be checked', () => {
    expect(sum({ now: at(80) })).toMatchObject({ score: 30, possible: 50, undecided: 20, passed: false, exit: 3 });
    expect(sum({ now: at() })).toMatchObject({ score: 0, possible: 50, undecided: 20, passed: false, exit: 1 });
    const sysctls = { 'net.a': '1' };
    expect(sum({ now: { ...at(80), sysctls } })).toMatchObject({ score: 50, undecided: 0, passed: true, exit: 0 });
    expect(sum({ now: { failure: 'gone' } })).toMatchObject({ score: 0, undecided: 50, exit: 3 });
  });
  test('unmet beside unknown is failed', () => {
    const check = { all: [rule(80), { sysctl: { node: 'host', name: 'net.a', value: 1 } }] };
    expect(judged([check], { now: at() }).criteria[0]?.verdict).toBe('failed');
    expect(judged([check], { now: at(80) }).criteria[0]?.verdict).toBe('could-not-check');
  });
  test('evidence that was saved as JSON is judged alike, and judging changes nothing in it', () => {
    const criteria = [
      { id: 'built', title: 'Built', points: 1, all: [rule(80)], when: 'ever' },
      { id: 'kept', title: 'Kept', points: 1, all: [rule(22)], when: 'held' },
    ].map((one) => criterionSchema.parse(one));
    const lab = { lab: 'test/lab', criteria, questions: [] };
    const evidence = evidenceOf({ states: [at(22), at(22, 80), at(22)] });
    const text = JSON.stringify(evidence);
    const report = judge(lab, evidence);
    expect(report.criteria.map((one) => one.verdict)).toEqual(['passed', 'passed']);
    expect(JSON.stringify(evidence)).toBe(text);
    expect(judge(lab, JSON.parse(text))).toEqual(report);
  });
});
