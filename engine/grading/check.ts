import type { z } from 'zod';
import type { CheckResult, Outcome, Walk } from '../contract/report.ts';
import type { NodeSnapshot, SnapshotSection } from '../observe/snapshot.ts';
import type { Evidence, Nodes, Observed } from './evidence.ts';
import type { Question } from './question.ts';

/** What has to be gathered before a check can be judged. */
export interface Needs {
  /** Nodes that must exist in the topology. */
  readonly nodes: readonly string[];
  readonly timeline?: boolean;
  readonly kernelLog?: boolean;
  readonly files?: readonly { readonly node: string; readonly path: string }[];
  readonly answers?: readonly string[];
  /** A spec of the probe check. */
  readonly probe?: unknown;
}

/** The state that a check is judged at, and everything else that was gathered. */
export interface Moment {
  readonly nodes: Observed<Nodes>;
  /** Unix seconds: from the state's beginning to the next one's. For now: since the last change. */
  readonly from: number;
  readonly to: number;
  /** Index of the timeline's state; null for now. */
  readonly state: number | null;
  readonly evidence: Evidence;
  readonly questions: readonly Question[];
}

export interface Finding {
  readonly outcome: Outcome;
  readonly actual: string;
  readonly message: string;
  readonly evidence?: unknown;
  readonly walk?: Walk;
}

/**
 * A kind of check: one file under checks/. `judge` is pure. `present` kinds do not depend on the state that they are judged at: what
 * they say holds for the whole session (a probe, an answer, a file, the log).
 */
export interface CheckKind<Spec> {
  readonly type: string;
  readonly schema: z.ZodType<Spec>;
  readonly present?: boolean;
  /** In words: what has to be true. */
  describe(spec: Spec): string;
  needs(spec: Spec): Needs;
  judge(spec: Spec, moment: Moment): Finding;
}

/** Types a kind by its schema. */
export function defineCheck<Schema extends z.ZodType>(
  kind: Omit<CheckKind<z.output<Schema>>, 'schema'> & { readonly schema: Schema },
): typeof kind {
  return kind;
}

export const met = (actual: string, evidence?: unknown): Finding =>
  finding('met', actual, `Right: ${actual}.`, evidence);
export const unmet = (actual: string, message: string, evidence?: unknown): Finding =>
  finding('unmet', actual, message, evidence);
export const unknown = (cause: string, evidence?: unknown): Finding =>
  finding('unknown', 'could not be found out', `This could not be checked: ${cause}`, evidence);

/** The finding with the packet's way that it rests on. */
export const restingOn = (walk: Walk | null, found: Finding): Finding => (walk === null ? found : { ...found, walk });

function finding(outcome: Outcome, actual: string, message: string, evidence: unknown): Finding {
  return evidence === undefined ? { outcome, actual, message } : { outcome, actual, message, evidence };
}

export function toResult(type: string, expected: string, found: Finding): CheckResult {
  return { type, expected, ...found };
}

/** A node's snapshot with these sections readable, or the finding that says why not. */
export function nodeAt(
  nodes: Observed<Nodes>,
  node: string,
  ...sections: readonly SnapshotSection[]
): { readonly snapshot: NodeSnapshot } | { readonly unknown: Finding } {
  if ('failure' in nodes) return { unknown: unknown(nodes.failure) };
  const snapshot = nodes.value[node];
  if (snapshot === undefined) return { unknown: unknown(`there is no snapshot of ${node}.`) };
  const problem = snapshot.problems.find((one) => sections.includes(one.section));
  if (problem !== undefined) {
    return { unknown: unknown(`${problem.section} of ${node} could not be read (${problem.message}).`) };
  }
  return { snapshot };
}
