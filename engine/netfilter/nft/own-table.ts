/** Tables that people make with nft(8) itself, read so that packets can be walked through them like through iptables' own. */

import { canonicalWords } from '../canonical.ts';
import type { Action, Chain, Condition, Counters, Family, Rule, Table } from '../model.ts';
import { statementAction } from './json-actions.ts';
import { alternatives, joined, type Sets } from './json-alternatives.ts';
import { isObject, type Json, type JsonObject, limitCondition } from './json-conditions.ts';
import { mapBranches } from './json-maps.ts';

export type NftHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** A chain that the kernel itself calls (nft(8), "base chain"). */
export interface BaseChain {
  readonly chain: string;
  readonly hook: NftHook;
  readonly type: 'filter' | 'nat' | 'route';
  /** The lower is asked first. */
  readonly priority: number;
}

/**
 * A table of nft's own. One rule of nft may be several here, one below the other with the same `number`: each element of a set, each branch of
 * a verdict map and each statement that acts is a rule of its own.
 */
export interface NftTable {
  readonly table: Table;
  readonly bases: readonly BaseChain[];
}

/** One nft rule becomes no more rules than this: beyond it the rule is not known. */
const mostBranches = 100_000;

/**
 * What `nft -j list table` printed of a table of the family ip, ip6 or inet, as packets of one family see it; null for other families and for
 * what is no such JSON. What cannot be read of a rule is `unseen` in it. A dormant table has no base chains.
 */
export function readNftTable(json: unknown, family: Family): NftTable | null {
  const objects = listOf(json);
  const table = objects.map((one) => one.table).find(isObject);
  const families = family === 'ipv4' ? ['ip', 'inet'] : ['ip6', 'inet'];
  if (table === undefined || typeof table.name !== 'string' || !families.includes(String(table.family))) return null;
  const dormant = [table.flags].flat().includes('dormant');
  const sets = setsIn(objects);
  const chains = new Map<string, { head: JsonObject; rules: Rule[]; count: number }>();
  for (const { chain } of objects) {
    if (isObject(chain) && typeof chain.name === 'string') chains.set(chain.name, { head: chain, rules: [], count: 0 });
  }
  for (const { rule } of objects) {
    const chain = isObject(rule) ? chains.get(String(rule.chain)) : undefined;
    if (!isObject(rule) || chain === undefined) continue;
    chain.count += 1;
    for (const one of readRule(rule, family, sets)) chain.rules.push({ ...one, number: chain.count });
  }
  const heads = [...chains.values()].map(({ head }) => head);
  return {
    table: {
      name: `${String(table.family)} ${table.name}`,
      chains: [...chains].map(
        ([name, { head, rules }]): Chain => ({
          name,
          policy: head.hook === undefined ? null : head.policy === 'drop' ? 'DROP' : 'ACCEPT',
          counters: null,
          rules,
        }),
      ),
    },
    bases: dormant ? [] : heads.flatMap(baseOf),
  };
}

function listOf(json: unknown): JsonObject[] {
  const list = isObject(json as Json) ? (json as JsonObject).nftables : (json as Json);
  return Array.isArray(list) ? (list as readonly Json[]).filter(isObject) : [];
}

const hooks: readonly string[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const types: readonly string[] = ['filter', 'nat', 'route'];

function baseOf(head: JsonObject): BaseChain[] {
  const { name, hook, type, prio } = head;
  if (!hooks.includes(String(hook)) || !types.includes(String(type))) return [];
  return [
    {
      chain: String(name),
      hook: hook as NftHook,
      type: type as BaseChain['type'],
      priority: typeof prio === 'number' ? prio : 0,
    },
  ];
}

/** Named sets and maps by name. */
function setsIn(objects: readonly JsonObject[]): Sets {
  const sets = new Map<string, readonly Json[]>();
  for (const { set, map } of objects) {
    const named = isObject(set) ? set : isObject(map) ? map : null;
    if (named === null || typeof named.name !== 'string') continue;
    sets.set(named.name, Array.isArray(named.elem) ? (named.elem as readonly Json[]) : []);
  }
  return sets;
}

function readRule(rule: JsonObject, family: Family, sets: Sets): Rule[] {
  const statements = Array.isArray(rule.expr) ? (rule.expr as readonly Json[]).filter(isObject) : [];
  const handle = typeof rule.handle === 'number' ? { handle: rule.handle } : {};
  const made: { conditions: readonly Condition[]; action: Action }[] = [];
  let ways: readonly (readonly Condition[])[] = [[]];
  let counters: Counters | null = null;
  const act = (action: Action) => made.push(...ways.map((conditions) => ({ conditions, action })));
  for (const statement of statements) {
    const [name, value] = Object.entries(statement)[0] ?? ['', null];
    if (name === 'match' && isObject(value)) ways = joined(ways, alternatives(value, family, sets), mostBranches);
    else if (name === 'limit' && isObject(value)) ways = joined(ways, [[limitCondition(value, family)]], mostBranches);
    else if (name === 'counter') counters = countersOf(value) ?? counters;
    else if (name === 'vmap' && isObject(value)) {
      const branches = mapBranches(value, family, sets);
      for (const { conditions, action } of branches) {
        made.push(...joined(ways, [conditions], mostBranches).map((all) => ({ conditions: all, action })));
      }
    } else if (name !== 'comment' && name !== 'last') {
      const action = statementAction(name, value, family);
      if (action === null) ways = joined(ways, [[{ kind: 'unseen', module: name }]], mostBranches);
      else act(action);
    }
  }
  if (made.length === 0) act({ kind: 'none' });
  return made.map(({ conditions, action }) => {
    const one: Rule = { words: [], line: 0, counters, conditions, action, origin: 'nft', ...handle };
    return { ...one, words: canonicalWords(one) };
  });
}

function countersOf(value: Json | undefined): Counters | null {
  const { packets, bytes } = isObject(value) ? value : ({} as JsonObject);
  return typeof packets === 'number' && typeof bytes === 'number' ? { packets, bytes } : null;
}
