import type { CriterionResult } from '../contract/report.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import type { Timeline } from '../observe/timeline.ts';
import type { Evidence, Nodes, Observed, StoredAnswer } from './evidence.ts';
import { type JudgedLab, judge } from './judge.ts';
import type { SnapshotMemory } from './judge-spec.ts';

/**
 * Where a criterion stands between two checks. `met`: true by what is seen. `open`: something is still missing. `violated`: something that had to
 * hold did not. `unprobed`: all that is seen is right, the rest is found out by a check (packets that are sent, files that are read).
 * `unknown`: it cannot be seen, with the cause in its results.
 */
export type Standing = 'met' | 'open' | 'violated' | 'unprobed' | 'unknown';

export interface StandingCriterion extends Pick<CriterionResult, 'id' | 'checks'> {
  readonly standing: Standing;
}

export interface LiveEvidence {
  readonly session: string;
  readonly baseline: Observed<Nodes>;
  readonly kernelLog: Observed<true>;
  readonly answers: Readonly<Record<string, StoredAnswer>>;
  readonly timeline: Timeline;
  /** Of the last that was recorded, Unix seconds. */
  readonly time: number;
}

/** Judges a lab again and again as its timeline grows: what was found out of a state that stays is not found out again. */
export class LiveJudge {
  readonly #lab: JudgedLab;
  readonly #memory: SnapshotMemory = new Map();
  readonly #held: ReadonlySet<string>;

  constructor(lab: JudgedLab) {
    this.#lab = lab;
    this.#held = new Set(lab.criteria.filter(({ when }) => when === 'held').map(({ id }) => id));
  }

  judge({ session, baseline, kernelLog, answers, timeline, time }: LiveEvidence): readonly StandingCriterion[] {
    const last = timeline.states.at(-1);
    const now: Observed<Nodes> = last ? { value: withoutTable(last.nodes) } : { failure: 'nothing was recorded yet.' };
    const seen = { session, time, now, baseline, timeline: { value: timeline }, answers, kernelLog };
    const evidence: Evidence = { ...seen, probes: {}, files: {} };
    const { criteria } = judge(this.#lab, evidence, this.#memory);
    return criteria.map((result) => ({
      id: result.id,
      standing: standingOf(result, this.#held.has(result.id)),
      checks: result.checks,
    }));
  }
}

function standingOf({ verdict, checks }: CriterionResult, isHeld: boolean): Standing {
  if (verdict === 'passed') return 'met';
  if (verdict === 'failed') return isHeld ? 'violated' : 'open';
  if (verdict === 'not-reached') return 'open';
  const unknown = checks.filter(({ outcome }) => outcome === 'unknown');
  return unknown.some(({ type }) => !foundOutByCheck.has(type)) ? 'unknown' : 'unprobed';
}

/** Checks that nothing is known of until somebody asks. `after` is unknown where one that it waits for is. */
const foundOutByCheck: ReadonlySet<string> = new Set(['probe', 'file', 'after']);

const tableless = new WeakMap<NodeSnapshot, NodeSnapshot>();

/** The connections are told as events: that there is no table of them is no reason to know nothing of them. */
function withoutTable(nodes: Nodes): Nodes {
  return Object.fromEntries(
    Object.entries(nodes).map(([name, snapshot]) => {
      const known = tableless.get(snapshot);
      if (known !== undefined) return [name, known];
      const problems = snapshot.problems.filter(({ section }) => section !== 'conntrack');
      const plain = { ...snapshot, problems };
      tableless.set(snapshot, plain);
      return [name, plain];
    }),
  );
}
