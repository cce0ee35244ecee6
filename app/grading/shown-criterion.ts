import type { OpenLab, StandingCriterion } from '../../engine/contract/procedures/lab.ts';
import type { CheckResult, CriterionResult, Verdict } from '../../engine/contract/report.ts';
import { gradingText } from '../strings/grading.ts';

/** `ready`: all that can be seen is right, and a check finds out the rest. */
export type Mark = Verdict | 'unchecked' | 'ready';

/** A criterion between two checks: what the latest check said, brought up to now by what has been seen since. */
export interface ShownCriterion {
  readonly mark: Mark;
  /** How far that goes beyond the latest check, or why it is nobody's fault; null where there is nothing to say. */
  readonly note: string | null;
  readonly checks: readonly CheckResult[];
}

export function shownCriterion(result: CriterionResult | null, live: StandingCriterion | null): ShownCriterion {
  const checked = shownResult(result);
  if (!live) return checked;
  const { standing, checks } = live;
  const was = result?.verdict ?? null;
  switch (standing) {
    case 'met':
      return { mark: 'passed', note: was === 'passed' ? null : gradingText.metNow, checks };
    case 'violated':
      return { mark: 'failed', note: null, checks };
    case 'open':
      // Who has not asked yet is not told that it is wrong.
      if (was === null) return { mark: 'unchecked', note: null, checks };
      if (was === 'passed') return { mark: 'unchecked', note: gradingText.noLonger, checks };
      return { mark: was === 'not-reached' ? was : 'failed', note: null, checks };
    case 'unprobed':
      if (was === 'passed' || !checks.some(({ outcome }) => outcome === 'met')) return checked;
      return { mark: 'ready', note: gradingText.readyNow, checks };
    case 'unknown':
      return checked;
  }
}

/** Every criterion of a lab with the mark that it is shown with, in the lab's order. */
export function markedCriteria(lab: OpenLab, standings: ReadonlyMap<string, StandingCriterion>) {
  const results = new Map(lab.latest?.report.criteria.map((one) => [one.id, one]));
  return lab.criteria.map(({ id, title }) => {
    const { mark } = shownCriterion(results.get(id) ?? null, standings.get(id) ?? null);
    return { id, title, mark };
  });
}

function shownResult(result: CriterionResult | null): ShownCriterion {
  if (!result) return { mark: 'unchecked', note: null, checks: [] };
  const note = result.verdict === 'could-not-check' ? gradingText.ourFault : null;
  return { mark: result.verdict, note, checks: result.checks };
}
