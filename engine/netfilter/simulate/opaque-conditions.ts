/** What can be said of extensions without a typed meaning: of most nothing. */

import type { Condition } from '../model.ts';

type Opaque = Extract<Condition, { kind: 'opaque' }>;

/** Headers between IPv6's and the transport's. ip6t_rt.c and the others: a packet without the header is not theirs, negated or not. */
const extensionHeaders: Readonly<Record<string, string>> = {
  rt: 'routing',
  frag: 'fragment',
  hbh: 'hop-by-hop options',
  dst: 'destination options',
};

/** The header that a condition asks for, which no packet here has: there is no key for one. Null where it asks for none. */
export const missingHeader = (condition: Condition): string | null =>
  condition.kind === 'opaque' && Object.hasOwn(extensionHeaders, condition.module)
    ? (extensionHeaders[condition.module] ?? null)
    : null;

/** true, false, or null where the packet and the host do not tell. */
export function opaqueHolds(condition: Opaque): boolean | null {
  if (missingHeader(condition) !== null) return false;
  // recent_mt() of xt_recent.c: what --set writes down always matches; the other questions rest on what came before.
  const set = condition.module === 'recent' ? condition.options.find(({ name }) => name === '--set') : undefined;
  return set === undefined ? null : !set.negated;
}
