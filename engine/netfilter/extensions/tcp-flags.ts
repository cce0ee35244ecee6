import type { Condition } from '../model.ts';

/** Whether the masked flags are just those set. A single flag is set or it is not: "not unset" is said as "set". */
export function tcpFlags(mask: number, set: number, negated: boolean): Condition {
  const single = mask !== 0 && (mask & (mask - 1)) === 0;
  const within = (set & ~mask) === 0;
  if (negated && single && within) return { kind: 'tcp-flags', mask, set: set ^ mask, negated: false };
  return { kind: 'tcp-flags', mask, set, negated };
}
