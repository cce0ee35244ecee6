/** Do two rules, or two rulesets, mean the same? */

import { builtinChains } from './builtin.ts';
import { findTable } from './find.ts';
import type { BaseChain, Chain, Rule, Ruleset, Table } from './model.ts';
import { ruleKey } from './normalise.ts';
import { printRule } from './print.ts';

export type Difference =
  | { readonly kind: 'table'; readonly table: string; readonly in: 'a' | 'b'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly table: string; readonly in: 'a' | 'b'; readonly message: string }
  | {
      readonly kind: 'chain';
      readonly table: string;
      readonly chain: string;
      readonly in: 'a' | 'b';
      readonly message: string;
    }
  | {
      readonly kind: 'policy';
      readonly table: string;
      readonly chain: string;
      readonly a: Chain['policy'];
      readonly b: Chain['policy'];
      readonly message: string;
    }
  /** The kernel calls it at another hook, in another order or for something else. null: not at all. */
  | {
      readonly kind: 'base';
      readonly table: string;
      readonly chain: string;
      readonly a: BaseChain | null;
      readonly b: BaseChain | null;
      readonly message: string;
    }
  /** What they do to packets, where their rules cannot be paired. */
  | { readonly kind: 'behaviour'; readonly message: string }
  /** The first place where the rules of a chain part. Positions are 1-based; null past the end of a chain. */
  | {
      readonly kind: 'rule';
      readonly table: string;
      readonly chain: string;
      readonly position: number;
      readonly a: Rule | null;
      readonly b: Rule | null;
      readonly message: string;
    };

export interface Comparison {
  readonly same: boolean;
  readonly differences: readonly Difference[];
}

/** Whether two rules match and do the same. Counters and comments do not count. */
export function sameRule(a: Rule, b: Rule): boolean {
  return ruleKey(a) === ruleKey(b);
}

/**
 * Compares by meaning: spelling, counters, comments, and the order of tables and chains do not count; the order of rules does. A
 * table that is missing is as one with empty built-in chains that accept.
 */
export function compareRulesets(a: Ruleset, b: Ruleset): Comparison {
  const names = new Set([...a.tables, ...b.tables].map((table) => table.name));
  const differences: Difference[] = [];
  if (a.family !== b.family && names.size > 0) {
    differences.push({ kind: 'table', table: '', in: 'a', message: `one is ${a.family}, the other ${b.family}` });
  }
  for (const name of names) differences.push(...compareTables(name, findTable(a, name), findTable(b, name)));
  return { same: differences.length === 0, differences };
}

function compareTables(name: string, a: Table | undefined, b: Table | undefined): Difference[] {
  if (a?.unreadable !== undefined || b?.unreadable !== undefined) return compareUnreadable(name, a, b);
  const inA = chainsOf(name, a);
  const inB = chainsOf(name, b);
  const differences: Difference[] = [];
  for (const [chain, ofA] of inA) {
    const ofB = inB.get(chain);
    if (ofB === undefined) differences.push(missingChain(name, chain, 'a'));
    else differences.push(...compareBases(name, chain, a, b), ...compareChains(name, ofA, ofB));
  }
  for (const chain of inB.keys()) if (!inA.has(chain)) differences.push(missingChain(name, chain, 'b'));
  return differences;
}

/** What cannot be read cannot be called the same, also when both cannot be read. */
function compareUnreadable(table: string, a: Table | undefined, b: Table | undefined): Difference[] {
  const differences: Difference[] = [];
  if (a?.unreadable !== undefined) differences.push({ kind: 'unreadable', table, in: 'a', message: a.unreadable });
  if (b?.unreadable !== undefined) differences.push({ kind: 'unreadable', table, in: 'b', message: b.unreadable });
  return differences;
}

/** The chains of a table by name; built-in ones are there even when nothing declared them. */
export function chainsOf(name: string, table: Table | undefined): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const builtin = Object.hasOwn(builtinChains, name) ? (builtinChains[name] ?? []) : [];
  for (const chain of builtin) chains.set(chain, { name: chain, policy: 'ACCEPT', counters: null, rules: [] });
  for (const chain of table?.chains ?? []) chains.set(chain.name, chain);
  return chains;
}

/** How a table of nft's own has a chain called, and how the other one; null where there is no difference. */
export function differingBases(
  chain: string,
  a: Table | undefined,
  b: Table | undefined,
): { readonly a: BaseChain | null; readonly b: BaseChain | null } | null {
  const [ofA = null, ofB = null] = [a, b].map((table) => table?.bases?.find((base) => base.chain === chain));
  return baseText(ofA) === baseText(ofB) ? null : { a: ofA, b: ofB };
}

/** "filter hook input priority 0", as nft(8) has it. */
export const baseText = (base: BaseChain | null): string =>
  base === null ? 'no base chain' : `${base.type} hook ${base.hook} priority ${base.priority}`;

function compareBases(table: string, chain: string, a: Table | undefined, b: Table | undefined): Difference[] {
  const differing = differingBases(chain, a, b);
  if (differing === null) return [];
  const message = `chain ${chain} of ${table}: ${baseText(differing.a)} and ${baseText(differing.b)}`;
  return [{ kind: 'base', table, chain, ...differing, message }];
}

function missingChain(table: string, chain: string, side: 'a' | 'b'): Difference {
  const message = `chain ${chain} of ${table} is only in the ${side === 'a' ? 'first' : 'second'}`;
  return { kind: 'chain', table, chain, in: side, message };
}

function compareChains(table: string, a: Chain, b: Chain): Difference[] {
  const differences: Difference[] = [];
  if (a.policy !== b.policy) {
    const message = `policy of ${a.name} in ${table}: ${a.policy ?? 'none'} and ${b.policy ?? 'none'}`;
    differences.push({ kind: 'policy', table, chain: a.name, a: a.policy, b: b.policy, message });
  }
  const length = Math.max(a.rules.length, b.rules.length);
  for (let index = 0; index < length; index++) {
    const ofA = a.rules[index] ?? null;
    const ofB = b.rules[index] ?? null;
    if (ofA !== null && ofB !== null && sameRule(ofA, ofB)) continue;
    const text = (rule: Rule | null) =>
      rule === null ? 'nothing' : `"${printRule(rule) || 'a rule that only counts'}"`;
    const position = ofA?.number ?? ofB?.number ?? index + 1;
    const message = `rule ${position} of ${a.name} in ${table}: ${text(ofA)} and ${text(ofB)}`;
    differences.push({ kind: 'rule', table, chain: a.name, position, a: ofA, b: ofB, message });
    break;
  }
  return differences;
}
