import type { PackTestCase } from '../../../engine/contract/procedures/packs.ts';

/** What the cases of one lab made of its criteria. */
export interface LabMatrix {
  readonly lab: string;
  /** Ids in the lab's order. */
  readonly criteria: readonly string[];
  /** Solutions first. */
  readonly cases: readonly PackTestCase[];
}

/** The cases by lab, labs in the order of the pack. */
export function matrices(cases: readonly PackTestCase[], labs: readonly string[]): readonly LabMatrix[] {
  return labs.flatMap((lab) => {
    const own = cases.filter((one) => one.lab === lab);
    if (own.length === 0) return [];
    const criteria = [...new Set(own.flatMap(({ verdicts }) => Object.keys(verdicts)))];
    const rank = (one: PackTestCase) => (one.case === 'solution' ? 0 : 1);
    const sorted = [...own].sort(
      (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name) || one.seed - other.seed,
    );
    return [{ lab, criteria, cases: sorted }];
  });
}
