import { sameRule } from '../netfilter/index.ts';
import type { Family, Rule } from '../netfilter/model.ts';
import type { Timeline, TimelineState } from '../observe/timeline.ts';
import type { Moment } from './check.ts';
import { chainsOf } from './rulesets-of.ts';

export interface RulePlace {
  readonly node: string;
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
}

/**
 * Packets that a rule counted by the learner's doing: its counter at this moment, less what the grader's own probes moved while it
 * lived. A counter that was set back since (iptables -Z) starts again.
 */
export function learnerPackets(moment: Moment, place: RulePlace, rule: Rule): number {
  const counted = rule.counters?.packets ?? 0;
  if (counted === 0 || 'failure' in moment.evidence.timeline) return counted;
  const timeline = moment.evidence.timeline.value;
  const last = moment.state ?? timeline.states.length - 1;
  if (!timeline.states.some((state) => state.probing && state.index <= last)) return counted;
  const shown = Math.min(counted, shownAt(timeline.states[last], place, rule) ?? counted);
  return Math.max(0, shown - movedByProbes(timeline, last, place, rule));
}

function movedByProbes(timeline: Timeline, last: number, place: RulePlace, rule: Rule): number {
  let before: number | null = null;
  let moved = 0;
  for (const state of timeline.states.slice(0, last + 1)) {
    const packets = shownAt(state, place, rule);
    if (packets === null || (before !== null && packets < before)) moved = 0;
    if (packets !== null && state.probing)
      moved += Math.max(0, packets - (before !== null && packets >= before ? before : 0));
    before = packets;
  }
  return moved;
}

/**
 * The same rule's counter in a state: by handle where there is one, else by meaning. Null: it does not live there. The timeline has
 * already taken off what probes moved of nf_tables' counters, which a snapshot of now has not; those of x_tables it shows as they are.
 */
function shownAt(state: TimelineState | undefined, place: RulePlace, rule: Rule): number | null {
  const snapshot = state?.nodes[place.node];
  if (snapshot === undefined) return null;
  for (const { rules } of chainsOf(snapshot, place.family, place.table, place.chain)) {
    const found = rules.find((one) =>
      rule.handle !== undefined && one.handle !== undefined ? one.handle === rule.handle : sameRule(one, rule),
    );
    if (found !== undefined) return found.counters?.packets ?? 0;
  }
  return null;
}
