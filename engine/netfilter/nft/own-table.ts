/** Tables that people make with nft(8) itself, read so that packets can be walked through them like through iptables' own. */

import { canonicalWords } from '../canonical.ts';
import type { Action, BaseChain, Chain, Condition, Counters, Family, NftHook, Rule, Table } from '../model.ts';
import { statementAction } from './json-actions.ts';
import { alternatives, joined, type Sets } from './json-alternatives.ts';
import { limitCondition } from './json-conditions.ts';
import { mapBranches } from './json-maps.ts';
import { isObject, type Json, type JsonObject } from './json-values.ts';
import { oneAction } from './one-action.ts';

/**
 * A table of nft's own. One rule of nft may be several here, one below the other with the same `number`: each element of a set, each branch of
 * a verdict map and each statement that acts is a rule of its own.
 */
export interface NftTable {
  readonly table: Table;
  readonly bases: readonly BaseChain[];
}

export interface ReadNftOptions {
  /**
   * What is known of sets that time or rules change: what they hold at this moment, or nothing, so that what is found out holds whatever they
   * hold.
   */
  readonly changing?: 'as-it-is' | 'unknown';
}

/** One nft rule becomes no more rules than this: beyond it the rule is not known. */
const mostBranches = 100_000;

/**
 * What `nft -j list table` printed of a table of the family ip, ip6 or inet, as packets of one family see it; null for other families and for
 * what is no such JSON. What cannot be read of a rule is `unseen` in it. A dormant table has no base chains.
 */
export function readNftTable(
  json: unknown,
  family: Family,
  { changing = 'as-it-is' }: ReadNftOptions = {},
): NftTable | null {
  const objects = listOf(json);
  const table = objects.map((one) => one.table).find(isObject);
  const families = family === 'ipv4' ? ['ip', 'inet'] : ['ip6', 'inet'];
  if (table === undefined || typeof table.name !== 'string' || !families.includes(String(table.family))) return null;
  const dormant = [table.flags].flat().includes('dormant');
  const sets = setsIn(objects, changing);
  const context = { family, sets, mangles: objects.some(({ rule }) => isObject(rule) && mangles(rule)) };
  const chains = new Map<string, { head: JsonObject; rules: Rule[]; count: number }>();
  for (const { chain } of objects) {
    if (isObject(chain) && typeof chain.name === 'string') chains.set(chain.name, { head: chain, rules: [], count: 0 });
  }
  for (const { rule } of objects) {
    const chain = isObject(rule) ? chains.get(String(rule.chain)) : undefined;
    if (!isObject(rule) || chain === undefined) continue;
    chain.count += 1;
    for (const one of readRule(rule, context)) chain.rules.push({ ...one, number: chain.count });
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
function setsIn(objects: readonly JsonObject[], changing: ReadNftOptions['changing']): Sets {
  const sets = new Map<string, readonly Json[]>();
  for (const { set, map } of objects) {
    const named = isObject(set) ? set : isObject(map) ? map : null;
    if (named === null || typeof named.name !== 'string') continue;
    const changes = [named.flags].flat().some((flag) => flag === 'dynamic' || flag === 'timeout');
    if (changes && changing === 'unknown') continue;
    sets.set(named.name, Array.isArray(named.elem) ? (named.elem as readonly Json[]) : []);
  }
  return sets;
}

interface Part {
  readonly conditions: readonly Condition[];
  readonly action: Action;
}

interface Context {
  readonly family: Family;
  readonly sets: Sets;
  /** Some rule of the table changes packets. */
  readonly mangles: boolean;
}

const mangles = ({ expr }: JsonObject): boolean =>
  Array.isArray(expr) &&
  expr.some((one: Json) => isObject(one) && ('mangle' in one || 'notrack' in one || 'xt' in one));

function readRule(rule: JsonObject, context: Context): Rule[] {
  const { family, sets } = context;
  const statements = Array.isArray(rule.expr) ? (rule.expr as readonly Json[]).filter(isObject) : [];
  const handle = typeof rule.handle === 'number' ? { handle: rule.handle } : {};
  const parts = new Parts(context.mangles);
  let counters: Counters | null = null;
  for (const statement of statements) {
    const [name, value] = Object.entries(statement)[0] ?? ['', null];
    if (name === 'counter') counters = countersOf(value) ?? counters;
    else if (name === 'vmap' && isObject(value)) parts.branch(mapBranches(value, family, sets));
    else if (name !== 'comment' && name !== 'last') readStatement(parts, name, value, family, sets);
  }
  return parts.all().map(({ conditions, action }) => {
    const one: Rule = { words: [], line: 0, counters, conditions, action, origin: 'nft', ...handle };
    return { ...one, words: canonicalWords(one) };
  });
}

function readStatement(parts: Parts, name: string, value: Json | undefined, family: Family, sets: Sets): void {
  if (name === 'match' && isObject(value)) {
    parts.ask(alternatives(value, family, sets));
    return;
  }
  if (name === 'limit' && isObject(value)) {
    parts.ask([[limitCondition(value, family)]]);
    return;
  }
  // iptables' own: a target is named, but not what it was given.
  if (name === 'xt' && isObject(value) && value.type !== 'match') {
    parts.act({ kind: 'unseen', target: String(value.name) });
    return;
  }
  const action = statementAction(name, value, family);
  if (action !== null) {
    parts.act(action);
    return;
  }
  // It puts the packet's address into a set. Where that is full, or asks for a rate, the rule ends there.
  if ((name === 'set' || name === 'map') && isObject(value)) {
    parts.act({
      kind: 'opaque',
      target: 'SET',
      options: [{ name: '--add-set', values: [setText(value)], negated: false }],
    });
  }
  parts.ask([[{ kind: 'unseen', module: name === 'xt' && isObject(value) ? String(value.name) : name }]]);
}

const setText = ({ set, elem }: JsonObject): string => `${String(set).replace(/^@/, '')} ${JSON.stringify(elem)}`;

/** The rules that one of nft becomes, as its statements are read from left to right. */
class Parts {
  readonly #made: Part[] = [];
  /** A chain that a rule calls may come back with another packet. */
  readonly #mangles: boolean;
  #ways: readonly (readonly Condition[])[] = [[]];
  /** Actions since the last question, for the ways that there are. */
  #actions: Action[] = [];

  constructor(mangles: boolean) {
    this.#mangles = mangles;
  }

  ask(other: readonly (readonly Condition[])[]): void {
    const before = this.#actions;
    this.#close();
    this.#ways = joined(this.#ways, other, mostBranches);
    // Asked again for the rest of the rule, conditions that draw lots, or of which an action before has changed the answer, are not the same.
    if (before.length > 0)
      this.#ways = this.#ways.map((one) => one.map((asked) => askedAfter(asked, before, this.#mangles)));
  }

  act(action: Action): void {
    // Alone in its line, as in a walk people expect it; together where asking again could be answered otherwise.
    const together = this.#actions.some(changesPacket) || this.#ways.some((one) => one.some(isDrawn));
    if (!together) this.#close();
    this.#actions.push(action);
  }

  branch(branches: readonly Part[]): void {
    this.ask([[]]);
    const calls = branches.map(({ action }) => action);
    for (const { conditions, action } of branches) {
      const asked =
        branches.length > 1
          ? conditions.map((one) => (isDrawn(one) ? one : askedAfter(one, calls, this.#mangles)))
          : conditions;
      this.#made.push(...joined(this.#ways, [asked], mostBranches).map((all) => ({ conditions: all, action })));
    }
  }

  all(): readonly Part[] {
    this.#close();
    if (this.#made.length === 0) this.#made.push(...this.#ways.map((conditions) => ({ conditions, action: none })));
    return this.#made;
  }

  #close(): void {
    if (this.#actions.length === 0) return;
    const action = oneAction(this.#actions);
    const actions = this.#actions;
    // One after the other: where the first way changes what the next asks for, the next is not known.
    const known = (one: Condition): Condition =>
      this.#ways.length > 1 && !isDrawn(one) ? askedAfter(one, actions, this.#mangles) : one;
    this.#made.push(...this.#ways.map((conditions) => ({ conditions: conditions.map(known), action })));
    this.#actions = [];
  }
}

const none: Action = { kind: 'none' };

/** What a rule can go on after, with the packet changed; the rules of a chain that it calls may. */
const changing: ReadonlySet<Action['kind']> = new Set([
  'mark',
  'connmark',
  'save-mark',
  'restore-mark',
  'set-ttl',
  'set-mss',
  'set-dscp',
  'set-tos',
  'notrack',
  'unseen',
]);
const changesPacket = ({ kind }: Action): boolean => changing.has(kind);

/** Asked twice of one packet it may be answered twice. */
const isDrawn = ({ kind }: Condition): boolean => ['limit', 'statistic', 'unseen', 'connection-expiry'].includes(kind);
const isChangeable = ({ kind }: Condition): boolean => ['mark', 'connmark', 'field', 'tos'].includes(kind);

/** A condition asked again, when these actions have been done since. */
function askedAfter(condition: Condition, actions: readonly Action[], mangling: boolean): Condition {
  const isCall = ({ kind }: Action): boolean => kind === 'jump' && mangling;
  const changed = isChangeable(condition) && actions.some((action) => changesPacket(action) || isCall(action));
  const untracked = condition.kind === 'conntrack-state' && actions.some(({ kind }) => kind === 'notrack');
  return isDrawn(condition) || changed || untracked ? { kind: 'unseen', module: condition.kind } : condition;
}

function countersOf(value: Json | undefined): Counters | null {
  const { packets, bytes } = isObject(value) ? value : ({} as JsonObject);
  return typeof packets === 'number' && typeof bytes === 'number' ? { packets, bytes } : null;
}
