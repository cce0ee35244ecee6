import type { Outcome } from '../contract/report.ts';
import { kindOf } from './check-kinds.ts';
import type { Evidence } from './evidence.ts';
import { createJudge, type SnapshotMemory } from './judge-spec.ts';
import { leavesOf, specOf } from './leaves.ts';
import { momentsSinceProvisioning } from './moments.ts';
import type { Question } from './question.ts';
import type { Criterion } from './schema.ts';

/** A state at which all that a criterion asks for became true, or stopped being so. */
export interface CriterionTurn {
  readonly criterion: string;
  /** Index of the timeline's state. */
  readonly state: number;
  readonly time: number;
  readonly to: Outcome;
  /** Every state before it was judged, or it was searched for between two that were: it may have turned and turned back there. */
  readonly exact: boolean;
}

export interface CriterionTurns {
  readonly turns: readonly CriterionTurn[];
  /** How many states were judged of how many there are. */
  readonly judged: number;
  readonly states: number;
}

/** Whether a criterion is told by states alone: no probe, answer, file or log line is in it. */
export function isOfStates(criterion: Criterion): boolean {
  const leaves = [...leavesOf(criterion)];
  return leaves.length > 0 && leaves.every(({ name }) => kindOf(name).present !== true);
}

/** States that are judged of a long session. */
const most = 400;

/**
 * When criteria of states turned, whatever their `when` makes of it. Each state is judged where there are few; of many those that `worth`
 * names (the last of each change), and between two that differ the turn is searched for. Pure; what is known of snapshots is kept in `memory`.
 */
export function criterionTurns(
  criteria: readonly Criterion[],
  questions: readonly Question[],
  evidence: Evidence,
  worth: readonly number[],
  memory: SnapshotMemory = new Map(),
): CriterionTurns {
  const moments = momentsSinceProvisioning(evidence, questions);
  const places = chosen(
    moments.map(({ state }) => state ?? -1),
    new Set(worth),
  );
  const judge = createJudge(memory);
  const judged = new Set<number>();
  const turns = criteria.filter(isOfStates).flatMap((criterion) => {
    const spec = specOf(criterion);
    const known = new Map<number, Outcome>();
    const at = (place: number): Outcome => {
      const before = known.get(place);
      if (before !== undefined) return before;
      const moment = moments[place];
      const outcome = moment === undefined ? 'unknown' : judge.outcome(spec, moment);
      judged.add(place);
      known.set(place, outcome);
      return outcome;
    };
    return turnsOf(places, at).map(({ place, to, exact }): CriterionTurn => {
      const { state, from } = moments[place] ?? { state: null, from: 0 };
      return { criterion: criterion.id, state: state ?? 0, time: from, to, exact };
    });
  });
  turns.sort((a, b) => a.state - b.state);
  return { turns, judged: judged.size, states: moments.length };
}

/** The places among the moments that are judged first. */
function chosen(states: readonly number[], worth: ReadonlySet<number>): readonly number[] {
  const all = [...states.keys()];
  if (all.length <= most) return all;
  const last = all.length - 1;
  const wanted = all.filter((place) => place === 0 || place === last || worth.has(states[place] ?? -1));
  if (wanted.length <= most) return wanted;
  // Evenly over the session: no stretch of it is left out.
  const step = (wanted.length - 1) / (most - 1);
  return [...new Set(Array.from({ length: most }, (_, index) => wanted[Math.round(index * step)] ?? last))];
}

interface Turn {
  readonly place: number;
  readonly to: Outcome;
  readonly exact: boolean;
}

function turnsOf(places: readonly number[], at: (place: number) => Outcome): readonly Turn[] {
  const turns: Turn[] = [];
  for (const [index, place] of places.entries()) {
    const before = places[index - 1];
    if (before === undefined || at(before) === at(place)) continue;
    const exact = place - before === 1;
    let low = before;
    let high = place;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at(middle) === at(before)) low = middle;
      else high = middle;
    }
    turns.push({ place: high, to: at(high), exact });
    if (at(high) !== at(place)) turns.push({ place, to: at(place), exact });
  }
  return turns;
}
