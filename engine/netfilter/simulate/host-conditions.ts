/** Extensions that the host's state decides: set, rpfilter. */

import type { Condition, Option } from '../model.ts';
import { isInSet } from './ipsets.ts';
import { passesReversePath } from './reverse-path.ts';
import type { Setting, Track } from './track.ts';

type Opaque = Extract<Condition, { kind: 'opaque' }>;
type Tri = boolean | null;

/** undefined: none of these extensions. null: not known. */
export function hostHolds(condition: Opaque, track: Track, at: Setting): Tri | undefined {
  if (condition.module === 'set') return matchSet(condition.options, track, at);
  if (condition.module === 'rpfilter') return rpfilter(condition.options, track, at);
  return undefined;
}

function matchSet(options: readonly Option[], { packet }: Track, at: Setting): Tri {
  const match = options.find((option) => option.name === '--match-set' || option.name === '--set');
  const [name, sides] = match?.values ?? [];
  if (match === undefined || name === undefined || sides === undefined) return null;
  const question = {
    name,
    sides: sides.split(',').map((side) => (side === 'src' ? ('src' as const) : ('dst' as const))),
    returnNomatch: options.some((option) => option.name === '--return-nomatch'),
  };
  const found = isInSet(at.state, question, { packet, in: at.in, out: at.out });
  // What an entry has counted so far is not in the state that is looked at.
  const counts = options.some((option) => /^--(packets|bytes)-/.test(option.name));
  const answer = counts && found === true ? null : found;
  return answer === null ? null : answer !== match.negated;
}

/** xt_rpfilter: PREROUTING of raw and mangle alone. */
function rpfilter(options: readonly Option[], { packet }: Track, at: Setting): Tri {
  const has = (name: string) => options.some((option) => option.name === name);
  const passes = passesReversePath(at.state, packet, {
    loose: has('--loose'),
    mark: has('--validmark'),
    acceptLocal: has('--accept-local'),
  });
  return passes === null ? null : passes !== has('--invert');
}
