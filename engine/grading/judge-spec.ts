import type { NodeSnapshot } from '../observe/snapshot.ts';
import { type Finding, type Moment, toResult, unknown } from './check.ts';
import { kindNames, kindOf } from './check-kinds.ts';
import { allOf, anyOf, type Judged, noneOf } from './logic.ts';
import type { CheckSpec } from './schema.ts';

/** Judges a check or a group at a moment. */
export type JudgeSpec = (spec: CheckSpec, moment: Moment) => Judged;

/** By check: what it came to at a node's snapshot, for those that read that alone. */
export type SnapshotMemory = Map<unknown, WeakMap<NodeSnapshot, Finding>>;

/**
 * A judge that remembers: checks that hold for the whole session are judged once, and those that read one node's state alone once a
 * snapshot (a timeline shares what did not change). What is known of snapshots may be kept for later judges of the same session.
 */
export function createJudge(bySnapshot: SnapshotMemory = new Map()): JudgeSpec {
  const present = new Map<unknown, Finding>();

  const judgeLeaf = (name: (typeof kindNames)[number], spec: unknown, moment: Moment): Finding => {
    const kind = kindOf(name);
    const key = kind.present === true ? 'present' : snapshotOf(kind.needs(spec), moment);
    if (key === 'present') return remember(present, spec, () => judgeSafely(kind, spec, moment));
    if (key === null) return judgeSafely(kind, spec, moment);
    return remember(
      remember(bySnapshot, spec, () => new WeakMap()),
      key,
      () => judgeSafely(kind, spec, moment),
    );
  };

  const judgeSpec: JudgeSpec = (spec, moment) => {
    if (spec.all !== undefined) return allOf(spec.all.map((one) => judgeSpec(one, moment)));
    if (spec.any !== undefined) return anyOf(spec.any.map((one) => judgeSpec(one, moment)));
    if (spec.not !== undefined) return noneOf(spec.not.map((one) => judgeSpec(one, moment)));
    const name = kindNames.find((one) => spec[one] !== undefined);
    if (name === undefined) return { outcome: 'unknown', results: [] };
    const leaf = spec[name];
    const found = judgeLeaf(name, leaf, moment);
    return { outcome: found.outcome, results: [toResult(name, kindOf(name).describe(leaf), found)] };
  };
  return judgeSpec;
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
