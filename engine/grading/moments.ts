import type { Gap, Timeline } from '../observe/timeline.ts';
import type { Moment } from './check.ts';
import type { Evidence } from './evidence.ts';
import type { Question } from './question.ts';

/** The node's state as it was read for this check. Its time began with the last change that the timeline knows. */
export function momentNow(evidence: Evidence, questions: readonly Question[]): Moment {
  const last = 'failure' in evidence.timeline ? undefined : evidence.timeline.value.states.at(-1);
  const from = Math.max(last?.time ?? evidence.time, beginOf(evidence));
  return { nodes: evidence.now, from, to: evidence.time, state: null, evidence, questions };
}

/**
 * The states in which something can be the learner's doing: those after provisioning without the ones in which a probe was under way.
 * The state that provisioning left counts from its end on.
 */
export function learnerMoments(evidence: Evidence, questions: readonly Question[]): Moment[] {
  return momentsOf(evidence, questions, (state) => !state.probing);
}

/** Every state since the end of provisioning, those in which a probe was under way too: rules are the learner's in them as well. */
export function momentsSinceProvisioning(evidence: Evidence, questions: readonly Question[]): Moment[] {
  return momentsOf(evidence, questions, () => true);
}

function momentsOf(
  evidence: Evidence,
  questions: readonly Question[],
  counts: (state: Timeline['states'][number]) => boolean,
): Moment[] {
  if ('failure' in evidence.timeline) return [];
  const { states } = evidence.timeline.value;
  const begin = beginOf(evidence);
  return states.flatMap((state, index) => {
    const to = states[index + 1]?.time ?? evidence.time;
    // A node's restart provisions it again: such states are nobody's doing, wherever they stand.
    const isLast = state.provisioning && (states[index + 1]?.provisioning ?? false) === false;
    if ((state.provisioning && !isLast) || !counts(state)) return [];
    const from = state.provisioning ? Math.max(state.time, Math.min(begin, to)) : state.time;
    return [
      {
        nodes: {
          get value() {
            return state.nodes;
          },
        },
        from,
        to,
        state: state.index,
        evidence,
        questions,
      },
    ];
  });
}

/** When provisioning ended. */
function beginOf(evidence: Evidence): number {
  if ('failure' in evidence.timeline) return 0;
  return evidence.timeline.value.marks.find((mark) => mark.name === 'provisioned')?.time ?? 0;
}

/** A time after provisioning in which events of these sorts were lost for one of these nodes. */
export function gapSince(evidence: Evidence, nodes: readonly string[], sorts: readonly Gap['what'][]): Gap | undefined {
  if ('failure' in evidence.timeline) return undefined;
  const begin = beginOf(evidence);
  return evidence.timeline.value.gaps.find(
    (gap) => gap.to >= begin && sorts.includes(gap.what) && (gap.node === null || nodes.includes(gap.node)),
  );
}
