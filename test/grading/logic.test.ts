import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../engine/contract/report.ts';
import { allOf, anyOf, conjunction, disjunction, type Judged, negation, noneOf } from '../../engine/grading/logic.ts';

const outcome = fc.constantFrom<Outcome>('met', 'unmet', 'unknown');
const outcomes = fc.array(outcome, { minLength: 1, maxLength: 6 });
const part = (one: Outcome): Judged => ({
  outcome: one,
  results: [{ type: 't', outcome: one, expected: 'e', actual: 'a', message: 'm' }],
});
/** Every way in which the unknown ones could turn out. */
function* worlds(list: readonly Outcome[]): Generator<boolean[]> {
  const [first, ...rest] = list;
  if (first === undefined) return yield [];
  for (const tail of worlds(rest)) {
    if (first !== 'unmet') yield [true, ...tail];
    if (first !== 'met') yield [false, ...tail];
  }
}
const of = (values: readonly boolean[]): Outcome =>
  values.every((one) => one) ? 'met' : values.some((one) => one) ? 'unknown' : 'unmet';

describe('three values', () => {
  test('all, any and not say what every way of resolving the unknown agrees on', () => {
    fc.assert(
      fc.property(outcomes, (list) => {
        const all = [...worlds(list)];
        expect(conjunction(list)).toBe(of(all.map((world) => world.every(Boolean))));
        expect(disjunction(list)).toBe(of(all.map((world) => world.some(Boolean))));
        expect(noneOf(list.map(part)).outcome).toBe(of(all.map((world) => !world.some(Boolean))));
      }),
    );
  });
  test('not is its own inverse, and De Morgan holds', () => {
    fc.assert(
      fc.property(outcomes, (list) => {
        expect(list.map(negation).map(negation)).toEqual(list);
        expect(negation(conjunction(list))).toBe(disjunction(list.map(negation)));
      }),
    );
  });
  test('groups agree with the outcomes that they show', () => {
    fc.assert(
      fc.property(outcomes, (list) => {
        const parts = list.map(part);
        expect(conjunction(allOf(parts).results.map((one) => one.outcome))).toBe(allOf(parts).outcome);
        expect(disjunction(anyOf(parts).results.map((one) => one.outcome))).toBe(anyOf(parts).outcome);
        expect(conjunction(noneOf(parts).results.map((one) => one.outcome))).toBe(noneOf(parts).outcome);
      }),
    );
  });
});
