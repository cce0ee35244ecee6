import type { CheckResult } from './report.ts';

/** A check, and those after it that say the same about other packets. */
export interface AlikeChecks {
  readonly check: CheckResult;
  readonly alike: readonly CheckResult[];
}

/**
 * Checks by their cause, in the order in which the causes come first: the same message, or the same rule that decided. What differs in
 * outcome or type, or names another rule of the learner's, is another cause.
 */
export function alikeChecks(checks: readonly CheckResult[]): readonly AlikeChecks[] {
  const groups = new Map<string, CheckResult[]>();
  for (const check of checks) {
    const key = JSON.stringify([check.type, check.outcome, ...causeOf(check)]);
    groups.set(key, [...(groups.get(key) ?? []), check]);
  }
  return [...groups.values()].flatMap(([check, ...alike]) => (check === undefined ? [] : [{ check, alike }]));
}

function causeOf({ message, walk }: CheckResult): readonly unknown[] {
  const step = walk === undefined || walk.decided === null ? undefined : walk.steps[walk.decided];
  // A policy decides for many reasons; the message tells them apart.
  if (walk === undefined || step === undefined || step.rule === 0) return [message];
  const hint = /Your rule .*$/s.exec(message)?.[0] ?? null;
  return [walk.node, walk.verdict, step.hook, step.table, step.chain, step.rule, hint];
}

/** "and 27 more packets like it". */
export function alikeText({ check, alike }: AlikeChecks): string {
  const thing = check.walk !== undefined || check.type === 'verdict' || check.type === 'probe' ? 'packet' : 'check';
  return `and ${alike.length} more ${thing}${alike.length === 1 ? '' : 's'} like it`;
}
