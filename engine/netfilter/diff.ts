/** What was edited between two rulesets: rules are matched by meaning, so a rule in another spelling was not edited. */

import { chainsOf, differingBases } from './compare.ts';
import { findTable } from './find.ts';
import type { BaseChain, Chain, Counters, Rule, Ruleset } from './model.ts';
import { normaliseConditions, ruleKey } from './normalise.ts';

/** Positions are 1-based: `from` in the first ruleset, `to` in the second. */
export type Edit =
  | { readonly kind: 'unreadable'; readonly table: string; readonly message: string }
  | { readonly kind: 'chain-added' | 'chain-removed'; readonly table: string; readonly chain: string }
  | {
      readonly kind: 'policy';
      readonly table: string;
      readonly chain: string;
      readonly before: Chain['policy'];
      readonly after: Chain['policy'];
    }
  /** The kernel calls it otherwise; null: not at all. */
  | {
      readonly kind: 'base';
      readonly table: string;
      readonly chain: string;
      readonly before: BaseChain | null;
      readonly after: BaseChain | null;
    }
  | { readonly kind: 'added'; readonly table: string; readonly chain: string; readonly to: number; readonly rule: Rule }
  | {
      readonly kind: 'removed';
      readonly table: string;
      readonly chain: string;
      readonly from: number;
      readonly rule: Rule;
    }
  | {
      readonly kind: 'moved';
      readonly table: string;
      readonly chain: string;
      readonly from: number;
      readonly to: number;
      readonly rule: Rule;
    }
  | {
      readonly kind: 'changed';
      readonly table: string;
      readonly chain: string;
      readonly from: number;
      readonly to: number;
      readonly before: Rule;
      readonly after: Rule;
    }
  | {
      readonly kind: 'counters';
      readonly table: string;
      readonly chain: string;
      readonly from: number;
      readonly to: number;
      readonly rule: Rule;
      readonly before: Counters;
      readonly after: Counters;
    };

/** The edits that lead from `a` to `b`, table by table and chain by chain, in the order of positions. */
export function diffRulesets(a: Ruleset, b: Ruleset): Edit[] {
  const names = new Set([...a.tables, ...b.tables].map((table) => table.name));
  return [...names].flatMap((name) => diffTables(name, a, b));
}

function diffTables(name: string, a: Ruleset, b: Ruleset): Edit[] {
  const tableA = findTable(a, name);
  const tableB = findTable(b, name);
  const unreadable = tableA?.unreadable ?? tableB?.unreadable;
  if (unreadable !== undefined) return [{ kind: 'unreadable', table: name, message: unreadable }];
  const inA = chainsOf(name, tableA);
  const inB = chainsOf(name, tableB);
  const edits: Edit[] = [];
  for (const chain of inA.values()) {
    const other = inB.get(chain.name);
    if (other === undefined) edits.push({ kind: 'chain-removed', table: name, chain: chain.name });
    else if (other.policy !== chain.policy) {
      edits.push({ kind: 'policy', table: name, chain: chain.name, before: chain.policy, after: other.policy });
    }
    const bases = other === undefined ? null : differingBases(chain.name, tableA, tableB);
    if (bases !== null) edits.push({ kind: 'base', table: name, chain: chain.name, before: bases.a, after: bases.b });
    edits.push(...diffChains(name, chain.name, chain.rules, other?.rules ?? []));
  }
  for (const chain of inB.values()) {
    if (inA.has(chain.name)) continue;
    edits.push({ kind: 'chain-added', table: name, chain: chain.name });
    edits.push(...diffChains(name, chain.name, [], chain.rules));
  }
  return edits;
}

/** A rule of `a` and its counterpart in `b`, as indices. */
interface Pair {
  readonly a: number;
  readonly b: number;
}

function diffChains(table: string, chain: string, a: readonly Rule[], b: readonly Rule[]): Edit[] {
  const pairs = pairEqual(a.map(ruleKey), b.map(ruleKey));
  const stable = new Set(longestRising(pairs));
  const pairOfA = new Map(pairs.map((pair) => [pair.a, pair]));
  const pairedB = new Set(pairs.map((pair) => pair.b));
  const edits: Edit[] = [];
  for (const pair of pairs) edits.push(...diffPair(table, chain, pair, stable.has(pair), a, b));
  let nextB = 0;
  let gapA: number[] = [];
  const closeGap = (endB: number) => {
    const gapB: number[] = [];
    for (; nextB < endB; nextB++) if (!pairedB.has(nextB)) gapB.push(nextB);
    edits.push(...diffGap(table, chain, gapA, gapB, a, b));
    gapA = [];
  };
  for (let index = 0; index < a.length; index++) {
    const pair = pairOfA.get(index);
    if (pair === undefined) gapA.push(index);
    else if (stable.has(pair)) closeGap(pair.b);
  }
  closeGap(b.length);
  return edits.sort((one, other) => position(one) - position(other));
}

function position(edit: Edit): number {
  if ('to' in edit) return edit.to;
  return 'from' in edit ? edit.from - 0.5 : 0;
}

/** Equal keys from both ends inwards, then the k-th of a key with the k-th of the same key. In the order of `a`. */
function pairEqual(a: readonly string[], b: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    pairs.push({ a: start, b: start });
    start++;
  }
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) pairs.push({ a: --endA, b: --endB });
  const places = new Map<string, number[]>();
  for (let index = endB - 1; index >= start; index--) {
    const key = b[index] ?? '';
    const list = places.get(key);
    if (list === undefined) places.set(key, [index]);
    else list.push(index);
  }
  for (let index = start; index < endA; index++) {
    const found = places.get(a[index] ?? '')?.pop();
    if (found !== undefined) pairs.push({ a: index, b: found });
  }
  return pairs.sort((one, other) => one.a - other.a);
}

/** The longest part of the pairs that stands in the same order in both: the rest moved. O(n log n), patience sorting. */
function longestRising(pairs: readonly Pair[]): Pair[] {
  const tops: number[] = [];
  const before: number[] = [];
  for (const [index, pair] of pairs.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[tops[middle] ?? 0]?.b ?? 0) < pair.b) low = middle + 1;
      else high = middle;
    }
    before.push(low === 0 ? -1 : (tops[low - 1] ?? -1));
    tops[low] = index;
  }
  const rising: Pair[] = [];
  for (let at = tops.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) {
    const pair = pairs[at];
    if (pair !== undefined) rising.push(pair);
  }
  return rising.reverse();
}

function diffPair(
  table: string,
  chain: string,
  pair: Pair,
  stable: boolean,
  a: readonly Rule[],
  b: readonly Rule[],
): Edit[] {
  const before = a[pair.a];
  const rule = b[pair.b];
  if (before === undefined || rule === undefined) return [];
  const place = { table, chain, from: numberOf(a, pair.a), to: numberOf(b, pair.b), rule };
  const edits: Edit[] = stable ? [] : [{ kind: 'moved', ...place }];
  const { counters } = before;
  const after = rule.counters;
  if (counters !== null && after !== null && (counters.packets !== after.packets || counters.bytes !== after.bytes)) {
    edits.push({ kind: 'counters', ...place, before: counters, after });
  }
  return edits;
}

/** Between two rules that stayed: what went and what came, one turned into the other where they have something in common. */
function diffGap(
  table: string,
  chain: string,
  gapA: number[],
  gapB: number[],
  a: readonly Rule[],
  b: readonly Rule[],
): Edit[] {
  const edits: Edit[] = [];
  let nextB = 0;
  for (const index of gapA) {
    const before = a[index];
    const after = b[gapB[nextB] ?? -1];
    if (before === undefined) continue;
    if (after !== undefined && alike(before, after)) {
      const [from, to] = [numberOf(a, index), numberOf(b, gapB[nextB] ?? 0)];
      edits.push({ kind: 'changed', table, chain, from, to, before, after });
      nextB++;
    } else edits.push({ kind: 'removed', table, chain, from: numberOf(a, index), rule: before });
  }
  for (const index of gapB.slice(nextB)) {
    const rule = b[index];
    if (rule !== undefined) edits.push({ kind: 'added', table, chain, to: numberOf(b, index), rule });
  }
  return edits;
}

/** 1-based. One rule of nft may be several here, with one number. */
const numberOf = (rules: readonly Rule[], index: number): number => rules[index]?.number ?? index + 1;

/** Two rules are versions of one when at least half of what they say is the same. */
function alike(a: Rule, b: Rule): boolean {
  const ofA = parts(a);
  const ofB = parts(b);
  let shared = 0;
  for (const part of ofA) if (ofB.has(part)) shared++;
  return shared > 0 && shared * 2 >= Math.max(ofA.size, ofB.size);
}

function parts(rule: Rule): Set<string> {
  const conditions = normaliseConditions(rule.conditions).map((condition) => JSON.stringify(condition));
  return new Set([...conditions, JSON.stringify(rule.action)]);
}
