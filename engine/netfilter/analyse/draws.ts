/** Conditions that depend on more than the packet: asked twice of one packet they may answer differently. */

import type { Condition } from '../model.ts';

/** Extensions that count or draw lots. */
const drawingModules: ReadonlySet<string> = new Set([
  'connbytes',
  'connlimit',
  'hashlimit',
  'limit',
  'nfacct',
  'quota',
  'rateest',
  'recent',
  'statistic',
]);

/** `changing`: the ipsets that rules of the ruleset add to or delete from while packets are on their way. */
export function isDraw(condition: Condition, changing: ReadonlySet<string>): boolean {
  switch (condition.kind) {
    case 'limit':
    case 'unseen':
    case 'connection-expiry':
      return true;
    case 'statistic':
      return condition.mode === 'nth' ? condition.every > 1 : condition.probability > 0 && condition.probability < 1;
    case 'set':
      return condition.counting.length > 0 || changing.has(condition.set);
    // A rule may have changed the mark, and with it the route, since it was asked last.
    case 'reverse-path':
      return condition.mark;
    case 'opaque':
      return drawingModules.has(condition.module);
    default:
      return false;
  }
}

/** Whether asking it is itself noticed: other rules may ask for what it keeps in mind. */
export const remembers = (condition: Condition): boolean =>
  (condition.kind === 'opaque' && drawingModules.has(condition.module)) ||
  (condition.kind === 'set' && condition.counting.length > 0);
