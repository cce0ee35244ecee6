import { type KindName, kindNames } from './check-kinds.ts';
import type { CheckSpec } from './schema.ts';

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
