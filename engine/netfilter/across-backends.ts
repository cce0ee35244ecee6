/** Two rulesets of which each may be iptables' or nft's: what was edited, and whether they do the same. */

import { type BehaviourDifference, findBehaviourDifference } from './analyse/difference.ts';
import { type Comparison, compareRulesets, type Difference } from './compare.ts';
import { diffRulesets, type Edit } from './diff.ts';
import type { Ruleset } from './model.ts';
import { inNamesOfIptables } from './nft/read-dump.ts';

/** Two rulesets as packets of one family see them. */
export type Pair = readonly [Ruleset, Ruleset];

export interface MeaningDiff {
  /** No edits, or none to be listed and the same behaviour. */
  readonly same: boolean;
  /** null where the one is written for iptables and the other for nft, so that rules have no counterparts. */
  readonly edits: readonly Edit[] | null;
  readonly behaviour: BehaviourDifference;
}

/** What leads from one ruleset to the other, and a packet that the two treat otherwise or the proof of none, all families together. */
export function diffMeaning(pairs: readonly Pair[]): MeaningDiff {
  const named = pairs.map(([a, b]) => [inNamesOfIptables(a), inNamesOfIptables(b)] as const);
  const listed = named.every((pair) => haveCounterparts(pair));
  const edits = listed ? editsOf(named) : null;
  const isUnedited = edits?.every(({ kind }) => kind === 'counters') === true;
  if (isUnedited && pairs.every(([a, b]) => a.family === b.family && sameBeside(a, b))) {
    return { same: true, edits, behaviour: { kind: 'none' } };
  }
  const behaviour = pairs.map(([a, b]) => findBehaviourDifference(a, b)).reduce(worse, { kind: 'none' });
  return { same: edits === null && behaviour.kind === 'none', edits, behaviour };
}

/** Whether the rulesets mean the same: rule by rule, or by what they do to packets where rules of iptables and nft cannot be paired. */
export function compareMeaning(pairs: readonly Pair[]): Comparison {
  const differences = pairs.flatMap(([a, b]): readonly Difference[] => {
    const named = [inNamesOfIptables(a), inNamesOfIptables(b)] as const;
    if (haveCounterparts(named)) return [...compareRulesets(...named).differences, ...besideRemarks(a, b)];
    const message = behaviourText(findBehaviourDifference(a, b));
    return message === null ? [] : [{ kind: 'behaviour', message }];
  });
  const seen = new Set<string>();
  const once = differences.filter(({ message }) => !seen.has(message) && seen.add(message));
  return { same: once.length === 0, differences: once };
}

function besideRemarks(a: Ruleset, b: Ruleset): Difference[] {
  return sameBeside(a, b) ? [] : [{ kind: 'behaviour', message: 'chains beside the five hooks differ' }];
}

function behaviourText(found: BehaviourDifference): string | null {
  if (found.kind === 'none') return null;
  if (found.kind === 'undecided') return `not proved to do the same: ${found.undecidable.join('; ')}`;
  const { hook, packet, a, b } = found;
  return `${hook} of ${packet}: ${a.verdict} and ${b.verdict}${a.verdict === b.verdict ? ', changed otherwise' : ''}`;
}

/** Both iptables' own tables, or both of nft, or there is nothing to pair. */
function haveCounterparts([a, b]: Pair): boolean {
  const kinds = new Set([a, b].flatMap(({ tables }) => tables.map(({ bases }) => bases !== undefined)));
  if (kinds.size < 2) return true;
  const keys = [a, b].map(({ tables }) => tables.map(({ name }) => name).sort());
  return JSON.stringify(keys[0]) === JSON.stringify(keys[1]);
}

const besideOf = ({ unfollowed = [] }: Ruleset): string =>
  JSON.stringify(unfollowed.map(({ name, text }) => [name, text]));
const sameBeside = (a: Ruleset, b: Ruleset): boolean => besideOf(a) === besideOf(b);

/** What is edited in a table of both families is one edit. */
function editsOf(pairs: readonly Pair[]): Edit[] {
  const known = new Set<string>();
  const chains = new Map<string, Edit[]>();
  for (const pair of pairs) {
    const edits = diffRulesets(...pair).filter((edit) => !known.has(placeOf(edit)));
    for (const edit of edits) {
      known.add(placeOf(edit));
      const chain = `${edit.table} ${'chain' in edit ? edit.chain : ''}`;
      chains.set(chain, [...(chains.get(chain) ?? []), edit]);
    }
  }
  return [...chains.values()].flat();
}

function placeOf(edit: Edit): string {
  const { kind, table, chain, from, to } = { chain: '', from: 0, to: 0, ...edit };
  return JSON.stringify([kind, table, chain, from, to]);
}

/** A packet shows more than what is undecided, and that more than nothing. */
function worse(a: BehaviourDifference, b: BehaviourDifference): BehaviourDifference {
  if (a.kind === 'packet' || b.kind === 'none') return a;
  if (b.kind === 'packet' || a.kind === 'none') return b;
  return { kind: 'undecided', undecidable: [...new Set([...a.undecidable, ...b.undecidable])] };
}
