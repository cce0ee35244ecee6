import { describe, expect, test } from 'vitest';
import { evidenceParts } from '../../app/grading/evidence-parts.ts';
import { turnedCriteria } from '../../app/grading/report-changes.ts';
import { stationsOf, type WalkStep } from '../../app/grading/walk-stations.ts';
import { elapsedText } from '../../app/screens/lab/elapsed.ts';
import { tierOf } from '../../app/screens/lab/layout.ts';
import type { CriterionResult, Report } from '../../engine/contract/report.ts';

const step = (chain: string, rule: number, matched: boolean | null = false): WalkStep => ({
  hook: 'forward',
  table: 'filter',
  chain,
  rule,
  matched,
  why: matched === false ? 'the protocol is udp' : '',
  text: `rule ${rule}`,
  action: '',
});

describe('a walk as it is drawn', () => {
  test('goes chain by chain, also back from a jump, and marks what decided', () => {
    const steps = [step('FORWARD', 1, true), step('WEB', 1), step('FORWARD', 2), step('FORWARD', 3, true)];
    const stations = stationsOf({ steps, decided: 3 });
    expect(stations.map(({ chain, rows }) => [chain, rows.length])).toEqual([
      ['FORWARD', 1],
      ['WEB', 1],
      ['FORWARD', 2],
    ]);
    expect(stations[2]?.rows[1]).toMatchObject({ kind: 'step', decided: true, step: { rule: 3 } });
  });

  test('folds many rules that only did not match, but for the last before one that did', () => {
    const steps = [
      ...Array.from({ length: 1000 }, (_, index) => step('FORWARD', index + 1)),
      step('FORWARD', 1001, true),
    ];
    const [station] = stationsOf({ steps, decided: 1000 });
    expect(station?.rows.map((row) => (row.kind === 'folded' ? row.steps.length : row.step.rule))).toEqual([
      999, 1000, 1001,
    ]);
  });

  test('shows a few as they are', () => {
    const steps = [step('FORWARD', 1), step('FORWARD', 2, null), step('FORWARD', 3)];
    expect(stationsOf({ steps, decided: null })[0]?.rows).toHaveLength(3);
  });
});

describe('criteria that turned', () => {
  const criterion = (id: string, verdict: CriterionResult['verdict']): CriterionResult => ({
    id,
    title: id,
    verdict,
    points: 0,
    possible: 1,
    checks: [],
  });
  const report = (...criteria: CriterionResult[]): Report => ({
    session: 's',
    lab: 'p/l',
    score: 0,
    possible: 1,
    undecided: 0,
    passed: false,
    criteria,
  });
  test('are all of the first report', () => {
    expect(turnedCriteria(null, report(criterion('a', 'failed')))).toHaveLength(1);
  });
  test('are those with another verdict later', () => {
    const before = report(criterion('a', 'failed'), criterion('b', 'passed'));
    const after = report(criterion('a', 'passed'), criterion('b', 'passed'));
    expect(turnedCriteria(before, after).map(({ id }) => id)).toEqual(['a']);
  });
});

describe('evidence in words', () => {
  test('of a rule: what comes close, and what stands there', () => {
    const near = [{ place: 'filter INPUT rule 1', text: '-p udp -j ACCEPT', differs: 'another protocol' }];
    const parts = evidenceParts({ type: 'rule', evidence: { near, rules: ['-p udp -j ACCEPT'] } });
    expect(parts.map(({ kind, lines }) => [kind, lines])).toEqual([
      ['lines', ['filter INPUT rule 1: -p udp -j ACCEPT (another protocol)']],
      ['code', ['-p udp -j ACCEPT']],
    ]);
  });
  test('of a probe: each attempt with what came back and who saw it', () => {
    const seen = [{ node: 'server', source: '10.0.0.9', interface: 'eth0' }];
    const attempts = [
      { outcome: 'answered', reply: 'TCP reset', elapsedMs: 3.4, seen },
      { outcome: 'timeout', reply: '' },
    ];
    expect(evidenceParts({ type: 'probe', evidence: { attempts, counters: [] } })[0]?.lines).toEqual([
      'Attempt 1: TCP reset (3 ms). server saw it come from 10.0.0.9 on eth0',
      'Attempt 2: timeout. No watched node saw it come in',
    ]);
  });
  test('of an unknown form: as JSON', () => {
    expect(evidenceParts({ type: 'probe', evidence: { later: 1 } })).toMatchObject([{ kind: 'code' }]);
    expect(evidenceParts({ type: 'rule', evidence: undefined })).toEqual([]);
  });
});

test('time since the start', () => {
  expect([0, 59, 3599, 3600, 7500].map(elapsedText)).toEqual(['0 min', '0 min', '59 min', '1 h 00 min', '2 h 05 min']);
});

test('columns follow the width in sizes of text', () => {
  expect([70, 50, 30].map(tierOf)).toEqual(['wide', 'medium', 'small']);
});
