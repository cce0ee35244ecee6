import type { CriterionResult, Report } from '../../engine/contract/report.ts';

/** The criteria that another report judges otherwise than the one before it, in the lab's order; all of them where there was none. */
export function turnedCriteria(before: Report | null, after: Report): readonly CriterionResult[] {
  const was = new Map(before?.criteria.map(({ id, verdict }) => [id, verdict]));
  return after.criteria.filter(({ id, verdict }) => was.get(id) !== verdict);
}
