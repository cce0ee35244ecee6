import { describe, expect, test } from 'vitest';
import { evidenceParts } from '../../app/grading/evidence-parts.ts';
import { shownCriterion } from '../../app/grading/shown-criterion.ts';
import { stationsOf, type WalkStep } from '../../app/grading/walk-stations.ts';
import { elapsedText } from '../../app/screens/lab/elapsed.ts';
import { tierOf } from '../../app/screens/lab/layout.ts';
import { gradingText } from '../../app/strings/grading.ts';
import type { StandingCriterion } from '../../engine/contract/procedures/lab.ts';
import type { CheckResult, CriterionResult } from '../../engine/contract/report.ts';

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

describe('a criterion between two checks', () => {
  const checked = (verdict: CriterionResult['verdict']): CriterionResult => ({
    id: 'a',
    title: 'a',
    verdict,
    points: 0,
    possible: 1,
    checks: [],
  });
  const check = (outcome: CheckResult['outcome']): CheckResult => ({
    type: 'rule',
    outcome,
    expected: '',
    actual: '',
    message: '',
  });
  const seen = (standing: StandingCriterion['standing'], ...checks: CheckResult[]) => ({ id: 'a', standing, checks });

  test('turns when it becomes true, and says that a check counts it', () => {
    expect(shownCriterion(null, seen('met'))).toMatchObject({ mark: 'passed', note: gradingText.metNow });
    expect(shownCriterion(checked('failed'), seen('met'))).toMatchObject({ mark: 'passed', note: gradingText.metNow });
    expect(shownCriterion(checked('passed'), seen('met'))).toMatchObject({ mark: 'passed', note: null });
  });
  test('is not called wrong before somebody asked, but at once where something had to hold', () => {
    expect(shownCriterion(null, seen('open')).mark).toBe('unchecked');
    expect(shownCriterion(null, seen('violated')).mark).toBe('failed');
    expect(shownCriterion(checked('not-reached'), seen('open')).mark).toBe('not-reached');
  });
  test('that passed and is no longer true says so', () => {
    expect(shownCriterion(checked('passed'), seen('open'))).toMatchObject({
      mark: 'unchecked',
      note: gradingText.noLonger,
    });
  });
  test('whose packets nobody sent is ready where the rest is right, and keeps what a check found', () => {
    expect(shownCriterion(null, seen('unprobed', check('met'), check('unknown'))).mark).toBe('ready');
    expect(shownCriterion(null, seen('unprobed', check('unknown'))).mark).toBe('unchecked');
    expect(shownCriterion(checked('passed'), seen('unprobed', check('met'))).mark).toBe('passed');
    expect(shownCriterion(checked('failed'), seen('unprobed', check('unknown'))).mark).toBe('failed');
  });
  test('of which nothing can be seen is what the check said', () => {
    expect(shownCriterion(checked('failed'), seen('unknown')).mark).toBe('failed');
    expect(shownCriterion(checked('could-not-check'), null)).toMatchObject({ note: gradingText.ourFault });
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
