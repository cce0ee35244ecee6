import { type KindName, kindNames } from './check-kinds.ts';
import type { CheckSpec, Criterion } from './schema.ts';

/** Every check of a criterion or group that is no group itself. */
export function* leavesOf(spec: CheckSpec): Generator<{ readonly name: KindName; readonly spec: unknown }> {
  for (const name of kindNames) {
    const one = spec[name];
    if (one !== undefined) yield { name, spec: one };
  }
  for (const name of ['all', 'any', 'not'] as const) {
    for (const child of spec[name] ?? []) yield* leavesOf(child);
  }
}

const specs = new WeakMap<Criterion, CheckSpec>();

/** What a criterion asks of a state, whatever its `when`. The same object each time: what is remembered of checks hangs on it. */
export function specOf(criterion: Criterion): CheckSpec {
  const { all, any, not } = criterion;
  const spec = specs.get(criterion) ?? { all, any, not };
  specs.set(criterion, spec);
  return spec;
}
