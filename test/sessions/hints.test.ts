import { expect, test } from 'vitest';
import { reportText } from '../../cli/output/report-text.ts';
import { type Report, reportSchema } from '../../engine/contract/report.ts';
import { withHints } from '../../engine/sessions/hints.ts';

const report: Report = { session: 's', lab: 'a/b', score: 10, possible: 10, undecided: 0, passed: true, criteria: [] };
const hint = (number: number, cost: number) => ({ number, text: 'Look.', cost, time: 1 });

test('no hint, no change', () => {
  expect(withHints(report, [])).toBe(report);
});

test('opened hints cost points and no verdict', () => {
  const after = withHints(report, [hint(1, 0), hint(2, 3)]);
  expect(after).toMatchObject({ score: 7, possible: 10, passed: true, hints: { opened: 2, cost: 3 } });
  expect(reportSchema.parse(after)).toEqual(after);
  expect(reportText(after)).toContain('7 of 10 points: passed, 3 taken off for 2 hints');
});

test('a score never falls below 0', () => {
  expect(withHints({ ...report, score: 2, passed: false }, [hint(1, 5)]).score).toBe(0);
});
