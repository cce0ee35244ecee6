import { diffRulesets, type Rule, type Ruleset } from '../../netfilter/index.ts';

/** A chain's rules with the keys that a window knows them by, in order. */
interface KeyedChain {
  readonly rules: readonly Rule[];
  readonly keys: readonly string[];
}

type KeyedTable = Map<string, KeyedChain>;
type Chains = readonly { readonly name: string; readonly rules: readonly Rule[] }[];

/**
 * Remembers which rule is which from one reading to the next. The kernel's handle says it; where that is new (a file was restored, the table is
 * of iptables-legacy, which has none) the differences between the readings do: equal, moved and changed rules keep their keys.
 */
export class RuleKeys {
  readonly #tables = new Map<string, KeyedTable>();
  #next = 1;

  /** The keys of each chain's rules. What `table` names must be one table in every reading. */
  assign(table: string, chains: Chains): Map<string, readonly string[]> {
    const before: KeyedTable = this.#tables.get(table) ?? new Map();
    const found = new Map<string, (string | undefined)[]>();
    for (const { name, rules } of chains) found.set(name, byHandle(before.get(name), rules));
    pairRest(before, chains, found);
    const now: KeyedTable = new Map();
    for (const { name, rules } of chains) {
      const keys = rules.map((rule, index) => found.get(name)?.[index] ?? this.#fresh(rule));
      now.set(name, { rules, keys });
    }
    this.#tables.set(table, now);
    return new Map([...now].map(([name, { keys }]) => [name, keys]));
  }

  /** Forgets tables that are gone. */
  keep(tables: ReadonlySet<string>): void {
    for (const table of this.#tables.keys()) if (!tables.has(table)) this.#tables.delete(table);
  }

  /** With the handle in it, so that a poll that begins anew mostly gives the same keys. */
  #fresh(rule: Rule): string {
    return rule.handle === undefined ? `n${this.#next++}` : `h${rule.handle}`;
  }
}

function byHandle(before: KeyedChain | undefined, rules: readonly Rule[]): (string | undefined)[] {
  const keys = new Map<number, string>();
  for (const [index, { handle }] of before?.rules.entries() ?? []) {
    if (handle !== undefined) keys.set(handle, before?.keys[index] ?? '');
  }
  return rules.map(({ handle }) => (handle === undefined ? undefined : keys.get(handle)));
}

/** Gives the rules that no handle told the keys of those that they were. */
function pairRest(before: KeyedTable, chains: Chains, found: Map<string, (string | undefined)[]>): void {
  const left = new Map<string, { rules: Rule[]; keys: string[] }>();
  for (const [name, { rules, keys }] of before) {
    const taken = new Set(found.get(name));
    const open = [...rules.keys()].filter((index) => !taken.has(keys[index]));
    left.set(name, { rules: pick(rules, open), keys: pick(keys, open) });
  }
  const open = new Map(
    chains.map(({ name, rules }) => [
      name,
      [...rules.keys()].filter((index) => found.get(name)?.[index] === undefined),
    ]),
  );
  const a = rulesetOf([...left].map(([name, { rules }]) => ({ name, rules })));
  const b = rulesetOf(chains.map(({ name, rules }) => ({ name, rules: pick(rules, open.get(name) ?? []) })));
  for (const { chain, from, to } of pairsOf(a, b)) {
    const index = open.get(chain)?.[to];
    const keys = found.get(chain);
    if (index !== undefined && keys) keys[index] = left.get(chain)?.keys[from];
  }
}

const pick = <Item>(items: readonly Item[], indices: readonly number[]): Item[] =>
  indices.flatMap((index) => items[index] ?? []);

function rulesetOf(chains: Chains): Ruleset {
  return {
    family: 'ipv4',
    remarks: [],
    tables: [{ name: '', chains: chains.map(({ name, rules }) => ({ name, rules, policy: null, counters: null })) }],
  };
}

interface Pair {
  readonly chain: string;
  /** Indices, from 0. */
  readonly from: number;
  readonly to: number;
}

/** Which rule of `a` is which of `b`: what the edits name, and what no edit names in the order in which it stands. */
function pairsOf(a: Ruleset, b: Ruleset): Pair[] {
  const pairs: Pair[] = [];
  const edited = { from: new Set<string>(), to: new Set<string>() };
  for (const edit of diffRulesets(a, b)) {
    if (!('rule' in edit || 'before' in edit) || edit.kind === 'policy' || edit.kind === 'counters') continue;
    const from = 'from' in edit ? edit.from - 1 : null;
    const to = 'to' in edit ? edit.to - 1 : null;
    if (from !== null) edited.from.add(`${edit.chain} ${from}`);
    if (to !== null) edited.to.add(`${edit.chain} ${to}`);
    if (from !== null && to !== null) pairs.push({ chain: edit.chain, from, to });
  }
  const chainsOf = (ruleset: Ruleset) => ruleset.tables[0]?.chains ?? [];
  for (const { name, rules } of chainsOf(a)) {
    const others = chainsOf(b).find((chain) => chain.name === name)?.rules ?? [];
    const from = [...rules.keys()].filter((index) => !edited.from.has(`${name} ${index}`));
    const to = [...others.keys()].filter((index) => !edited.to.has(`${name} ${index}`));
    pairs.push(
      ...from.flatMap((index, nth) => (to[nth] === undefined ? [] : [{ chain: name, from: index, to: to[nth] }])),
    );
  }
  return pairs;
}
