import type { Outcome } from '../contract/report.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import { type Finding, type Moment, type Needs, toResult, unknown } from './check.ts';
import { type KindName, kindNames, kindOf } from './check-kinds.ts';
import { allOf, anyOf, type Judged, negation, noneOf } from './logic.ts';
import type { CheckSpec } from './schema.ts';

/** Judges a check or a group at a moment. */
export interface JudgeSpec {
  /** With the results that show why. */
  whole(spec: CheckSpec, moment: Moment): Judged;
  /** No more than is needed to know how it comes out. */
  outcome(spec: CheckSpec, moment: Moment): Outcome;
}

/** By check: what it came to at a node's snapshot, for those that read that alone. */
export type SnapshotMemory = Map<unknown, WeakMap<NodeSnapshot, Finding>>;

/**
 * A judge that remembers: checks that hold for the whole session are judged once, and those that read one node's state alone once a
 * snapshot (a timeline shares what did not change). What is known of snapshots may be kept for later judges of the same session.
 */
export function createJudge(bySnapshot: SnapshotMemory = new Map()): JudgeSpec {
  const present = new Map<unknown, Finding>();
  const needs = new Map<unknown, Needs>();
  const expected = new Map<unknown, string>();
  const judgements = new WeakMap<Finding, Judged>();

  const find = ({ name, spec }: Leaf, moment: Moment): Finding => {
    const kind = kindOf(name);
    if (kind.present === true) return remember(present, spec, () => judgeSafely(kind, spec, moment));
    const snapshot = snapshotOf(
      remember(needs, spec, () => kind.needs(spec)),
      moment,
    );
    if (snapshot === null) return judgeSafely(kind, spec, moment);
    return remember(
      remember(bySnapshot, spec, () => new WeakMap()),
      snapshot,
      () => judgeSafely(kind, spec, moment),
    );
  };

  const whole = (spec: CheckSpec, moment: Moment): Judged => {
    if (spec.all !== undefined) return allOf(spec.all.map((one) => whole(one, moment)));
    if (spec.any !== undefined) return anyOf(spec.any.map((one) => whole(one, moment)));
    if (spec.not !== undefined) return noneOf(spec.not.map((one) => whole(one, moment)));
    const leaf = leafOf(spec);
    if (leaf === null) return { outcome: 'unknown', results: [] };
    const found = find(leaf, moment);
    return remember(judgements, found, () => {
      const words = remember(expected, leaf.spec, () => kindOf(leaf.name).describe(leaf.spec));
      return { outcome: found.outcome, results: [toResult(leaf.name, words, found)] };
    });
  };

  const outcome = (spec: CheckSpec, moment: Moment): Outcome => {
    if (spec.all !== undefined) return until('unmet', spec.all, (one) => outcome(one, moment));
    if (spec.any !== undefined) return until('met', spec.any, (one) => outcome(one, moment));
    if (spec.not !== undefined) return until('unmet', spec.not, (one) => negation(outcome(one, moment)));
    const leaf = leafOf(spec);
    return leaf === null ? 'unknown' : find(leaf, moment).outcome;
  };
  return { whole, outcome };
}

interface Leaf {
  readonly name: KindName;
  readonly spec: unknown;
}

const leaves = new WeakMap<CheckSpec, Leaf>();

function leafOf(spec: CheckSpec): Leaf | null {
  const known = leaves.get(spec);
  if (known !== undefined) return known;
  const name = kindNames.find((one) => spec[one] !== undefined);
  if (name === undefined) return null;
  const leaf = { name, spec: spec[name] };
  leaves.set(spec, leaf);
  return leaf;
}

/** One that is as told decides: those behind it are not asked. */
function until(decisive: 'met' | 'unmet', parts: readonly CheckSpec[], judge: (part: CheckSpec) => Outcome): Outcome {
  let isUnknown = false;
  for (const part of parts) {
    const outcome = judge(part);
    if (outcome === decisive) return decisive;
    isUnknown ||= outcome === 'unknown';
  }
  return isUnknown ? 'unknown' : decisive === 'met' ? 'unmet' : 'met';
}

/** A fault of a check of ours is never the learner's. */
function judgeSafely(kind: ReturnType<typeof kindOf>, spec: unknown, moment: Moment): Finding {
  try {
    return kind.judge(spec, moment);
  } catch (error) {
    return unknown(
      `the check ${kind.type} failed by itself: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/** The one snapshot that a check's outcome rests on; null when it also rests on time. */
function snapshotOf(needs: { nodes: readonly string[]; timeline?: boolean }, moment: Moment): NodeSnapshot | null {
  const [node, ...others] = needs.nodes;
  if (needs.timeline === true || node === undefined || others.length > 0 || 'failure' in moment.nodes) return null;
  return moment.nodes.value[node] ?? null;
}

function remember<Key, Value>(
  known: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  make: () => Value,
): Value {
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = make();
  known.set(key, value);
  return value;
}
