import type { Counters, Family } from '../netfilter/model.ts';
import type { NftEvent } from './records.ts';
import type { RuleSource } from './rule-source.ts';
import { type ChainVersion, emptyChain, type RuleEntry, type TableVersion } from './ruleset-versions.ts';

export type Tables = ReadonlyMap<string, TableVersion>;

export const tableKey = (family: Family, table: string) => `${family} ${table}`;

/** Where packets of a family meet what an event is about. */
export interface Place {
  readonly family: Family;
  /** iptables' own tables go by their name; others are "inet fw", "ip mine". */
  readonly table: string;
}

const families: Readonly<Record<string, readonly Family[]>> = { ip: ['ipv4'], ip6: ['ipv6'], inet: ['ipv4', 'ipv6'] };
const iptablesTables: ReadonlySet<string> = new Set(['raw', 'mangle', 'nat', 'filter', 'security']);

/** None for what is not about a table, and for tables of other families (bridge, arp, netdev). */
export function placesOf(event: NftEvent): readonly Place[] {
  const { family, table } = event;
  if (table === undefined) return [];
  const name = ownTableOf(family, table) ?? table;
  return (families[family] ?? []).map((one) => ({ family: one, table: name }));
}

/** What a table of nft's own is called among the tables of a node; null for iptables' tables. */
export function ownTableOf(family: string, table: string): string | null {
  return family !== 'inet' && iptablesTables.has(table) ? null : `${family} ${table}`;
}

/**
 * The tables after one transaction. The kernel's events come in the order in which it made the changes (nf_tables_commit).
 *
 * Where a new rule stands (nf_tables_rule_notify): after `position`, the handle before it, if it is neither first nor last; else at the end
 * for an append and at the beginning for an insert; a replacement stands where the rule stood that went just before.
 */
export function applyEvents(tables: Tables, events: readonly NftEvent[], sources: RuleSources): Tables {
  const drafts = new Drafts(tables);
  for (const event of events) {
    for (const place of placesOf(event)) applyEvent(drafts, event, place, sources);
  }
  return drafts.finish();
}

/** Told in the order of the events: a table may go and come back in one transaction (iptables-restore). */
export interface RuleSources {
  arrive(place: Place, event: NftEvent): RuleSource;
  forget(place: Place): void;
}

function applyEvent(drafts: Drafts, event: NftEvent, place: Place, sources: RuleSources): void {
  const { family, table } = place;
  if (event.op === 'newtable') drafts.table(family, table);
  if (event.op === 'deltable') {
    drafts.dropTable(family, table);
    sources.forget(place);
  }
  const { chain } = event;
  if (chain === undefined) return;
  if (event.op === 'newchain') drafts.chain(family, table, chain).setHead(event);
  if (event.op === 'delchain') drafts.dropChain(family, table, chain);
  if (event.op === 'newrule') drafts.chain(family, table, chain).insert(event, sources.arrive(place, event));
  if (event.op === 'delrule' && event.handle !== undefined) drafts.chain(family, table, chain).remove(event.handle);
}

class Drafts {
  readonly #tables: Map<string, TableVersion>;
  readonly #chains = new Map<string, Map<string, ChainDraft>>();

  constructor(tables: Tables) {
    this.#tables = new Map(tables);
  }

  table(family: Family, name: string): TableVersion {
    const key = tableKey(family, name);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const made = { family, name, chains: new Map() };
    this.#tables.set(key, made);
    return made;
  }

  chain(family: Family, table: string, name: string): ChainDraft {
    const key = tableKey(family, table);
    const version = this.table(family, table);
    const drafts = this.#chains.get(key) ?? new Map<string, ChainDraft>();
    this.#chains.set(key, drafts);
    const draft = drafts.get(name) ?? new ChainDraft(version.chains.get(name) ?? emptyChain(name));
    drafts.set(name, draft);
    return draft;
  }

  dropTable(family: Family, name: string): void {
    this.#tables.delete(tableKey(family, name));
    this.#chains.delete(tableKey(family, name));
  }

  dropChain(family: Family, table: string, name: string): void {
    const key = tableKey(family, table);
    this.#chains.get(key)?.delete(name);
    const version = this.#tables.get(key);
    if (version === undefined) return;
    const chains = new Map(version.chains);
    chains.delete(name);
    this.#tables.set(key, { ...version, chains });
  }

  finish(): Tables {
    for (const [key, drafts] of this.#chains) {
      const version = this.#tables.get(key);
      if (version === undefined) continue;
      const chains = new Map(version.chains);
      for (const [name, draft] of drafts) chains.set(name, draft.finish());
      this.#tables.set(key, { ...version, chains });
    }
    return this.#tables;
  }
}

class ChainDraft {
  #version: ChainVersion;
  readonly #rules: RuleEntry[];
  /** By handle, made at the first removal. */
  #entries: Map<number, RuleEntry> | null = null;
  /** Removals wait, so that a flush of thousands costs one pass. */
  readonly #removed = new Set<RuleEntry>();
  #lastRemoved: RuleEntry | null = null;
  readonly #waiting: { readonly after: number; readonly entry: RuleEntry }[] = [];

  constructor(version: ChainVersion) {
    this.#version = version;
    this.#rules = [...version.rules];
  }

  setHead(event: NftEvent): void {
    const base = baseOf(event);
    if (base !== null) this.#version = { ...this.#version, base };
    if (event.policy === undefined) return;
    this.#version = { ...this.#version, policy: event.policy === 0 ? 'DROP' : 'ACCEPT' };
  }

  remove(handle: number): void {
    this.#entries ??= new Map(this.#rules.map((rule) => [rule.source.handle, rule]));
    const entry = this.#entries.get(handle);
    if (entry === undefined) return;
    this.#removed.add(entry);
    this.#lastRemoved = entry;
  }

  insert(event: NftEvent, source: RuleSource): void {
    const entry: RuleEntry = { source, counters: pair(event.counters) };
    const replaced = this.#replacedBy(event);
    this.#entries?.set(source.handle, entry);
    if (replaced !== null) this.#rules.splice(this.#rules.indexOf(replaced), 0, entry);
    else if (event.position !== undefined) this.#insertAfter(event.position, entry);
    else if (event.flags?.includes('append')) this.#rules.push(entry);
    else this.#rules.unshift(entry);
  }

  /** iptables -R: the new rule comes right after the old one's going, of late under its handle (Linux 6.18), before that with a flag. */
  #replacedBy(event: NftEvent): RuleEntry | null {
    const gone = this.#lastRemoved;
    if (gone === null) return null;
    return event.flags?.includes('replace') || gone.source.handle === event.handle ? gone : null;
  }

  #insertAfter(handle: number, entry: RuleEntry): void {
    const index = this.#indexOf(handle);
    // Inserts of one transaction are told first to last while each stands before the one told before it.
    if (index < 0) this.#waiting.push({ after: handle, entry });
    else this.#rules.splice(index + 1, 0, entry);
  }

  /** From the end: most rules are added there. */
  #indexOf(handle: number): number {
    return this.#rules.findLastIndex((rule) => rule.source.handle === handle);
  }

  finish(): ChainVersion {
    for (const { after, entry } of this.#waiting.toReversed()) {
      const index = this.#indexOf(after);
      if (index < 0) this.#rules.push(entry);
      else this.#rules.splice(index + 1, 0, entry);
    }
    const rules = this.#removed.size === 0 ? this.#rules : this.#rules.filter((rule) => !this.#removed.has(rule));
    return { ...this.#version, rules };
  }
}

/** NF_INET_PRE_ROUTING and so on of linux/netfilter.h. */
const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
const types = ['filter', 'nat', 'route'] as const;

/** Where the kernel calls the chain of a `newchain` event; null for one that it does not call. */
function baseOf(event: NftEvent): NonNullable<ChainVersion['base']> | null {
  const { number, priority } = event.hook ?? {};
  const hook = number === undefined ? undefined : hooks[number];
  const type = types.find((one) => one === event.type);
  return hook === undefined || type === undefined ? null : { hook, type, priority: priority ?? 0 };
}

function pair(counters: NftEvent['counters']): Counters | null {
  if (counters === undefined) return null;
  if ('packets' in counters || !Array.isArray(counters)) return null;
  return { packets: counters[0] ?? 0, bytes: counters[1] ?? 0 };
}
