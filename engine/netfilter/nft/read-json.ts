/** Rules of iptables' own tables from the JSON of nft(8), for those that it alone can tell: sets come with their elements. */

import { canonicalWords } from '../canonical.ts';
import type { Condition, Counters, Family, Rule } from '../model.ts';
import { statementAction } from './json-actions.ts';
import { limitCondition, matchConditions } from './json-conditions.ts';
import { isObject, type Json, type JsonObject } from './json-values.ts';
import { oneAction } from './one-action.ts';

export interface PlacedNftRule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** nf_tables' handle. */
  readonly handle: number;
  /** `words` is best effort. What iptables has no word for is `unseen`. */
  readonly rule: Rule;
}

/**
 * The rules in what `nft -j -a list table` or `list ruleset` printed, parsed, in the kernel's order; those of the families ip and ip6 alone.
 * Text that is no such JSON gives none.
 */
export function readNftRules(json: unknown): PlacedNftRule[] {
  const list = isObject(json as Json) ? (json as JsonObject).nftables : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: Json) => {
    const rule = isObject(item) ? item.rule : undefined;
    return isObject(rule) ? placed(rule) : [];
  });
}

function placed(rule: JsonObject): PlacedNftRule[] {
  const { table, chain, handle, expr } = rule;
  const family: Family | null = rule.family === 'ip' ? 'ipv4' : rule.family === 'ip6' ? 'ipv6' : null;
  if (family === null || typeof table !== 'string' || typeof chain !== 'string' || typeof handle !== 'number')
    return [];
  const statements = Array.isArray(expr) ? (expr as readonly Json[]).filter(isObject) : [];
  return [{ family, table, chain, handle, rule: { ...readStatements(statements, family), handle } }];
}

function readStatements(statements: readonly JsonObject[], family: Family): Rule {
  const conditions: Condition[] = [];
  const actions: Rule['action'][] = [];
  let counters: Counters | null = null;
  let late = false;
  for (const statement of statements) {
    const [name, value] = Object.entries(statement)[0] ?? ['', null];
    const before = conditions.length;
    if (name === 'match' && isObject(value)) conditions.push(...matchConditions(value, family));
    else if (name === 'limit' && isObject(value)) conditions.push(limitCondition(value, family));
    else if (name === 'counter') counters = countersOf(value);
    else if (name === 'xt' || name === 'last') readXt(name, value, conditions, actions);
    else {
      const action = statementAction(name, value, family);
      if (action === null) conditions.push({ kind: 'unseen', module: name });
      else actions.push(action);
    }
    if (actions.length > 0 && conditions.length > before) late = true;
  }
  const action = late ? ({ kind: 'unseen', target: 'several' } as const) : oneAction(actions);
  const rule: Rule = { words: [], line: 0, counters, conditions: joinIcmp(unique(conditions)), action, origin: 'nft' };
  return { ...rule, words: canonicalWords(rule) };
}

/** A protocol that two fields tell is asked for once. */
function unique(conditions: readonly Condition[]): Condition[] {
  const seen = new Set<string>();
  return conditions.filter((one) => {
    const key = JSON.stringify(one);
    return !seen.has(key) && seen.add(key);
  });
}

/** xt extensions come by name alone: iptables-save or the kernel's own expressions tell their parameters. */
function readXt(name: string, value: Json | undefined, conditions: Condition[], actions: Rule['action'][]): void {
  if (name === 'last') return;
  const { type, name: extension } = isObject(value) ? value : ({} as JsonObject);
  if (type === 'target') actions.push({ kind: 'unseen', target: String(extension) });
  else conditions.push({ kind: 'unseen', module: typeof extension === 'string' ? extension : 'xt' });
}

function countersOf(value: Json | undefined): Counters | null {
  const { packets, bytes } = isObject(value) ? value : ({} as JsonObject);
  return typeof packets === 'number' && typeof bytes === 'number' ? { packets, bytes } : null;
}

/** Type and code of ICMP are one condition of iptables. */
function joinIcmp(conditions: readonly Condition[]): Condition[] {
  const isCode = (one: Condition) => one.kind === 'icmp-type' && one.type === 255 && one.code !== null;
  const code = conditions.find(isCode);
  if (code?.kind !== 'icmp-type') return [...conditions];
  const rest = conditions.filter((one) => one !== code);
  const at = rest.findIndex((one) => one.kind === 'icmp-type' && one.code === null && !one.negated);
  const type = rest[at];
  if (type?.kind !== 'icmp-type') return [...rest, { kind: 'unseen', module: 'icmp code' }];
  return rest.with(at, { ...type, code: code.code });
}
