import { parseSave } from '../netfilter/index.ts';
import type { Counters, Family } from '../netfilter/model.ts';
import { applyEvents, ownTableOf, type Place, placesOf, type Tables, tableKey } from './generation-events.ts';
import type { GenerationRecord, NftEvent, PacketCount, RulesRecord, Sections, TableRecord } from './records.ts';
import type { RuleReader, RuleSource } from './rule-source.ts';
import { type ChainVersion, emptyChain, type RuleEntry, type TableVersion } from './ruleset-versions.ts';

/** A node at one moment: immutable, shared with the moments around it where they do not differ. */
export interface NodeVersion {
  readonly time: number;
  readonly generation: number | null;
  readonly tables: Tables;
  readonly sections: Sections;
  /** Tables of nft's own that are there and whose making nobody saw. */
  readonly unread: readonly string[];
}

/** How records of one node change it. Pure but for what is learnt of a rule later, which holds for its whole life. */
export class NodeHistory {
  readonly #reader: RuleReader;
  /** By table and handle. A table that goes takes its handles along: a new one of its name counts from the beginning. */
  #sources = new Map<string, Map<number, RuleSource>>();
  /** Those of which a reading may still tell more. */
  readonly #open = new Set<RuleSource>();
  /** What probes of the grader moved: no part of the counters that a timeline shows. */
  readonly #probed = new WeakMap<RuleSource, { total: Counters; probed: Counters }>();

  constructor(reader: RuleReader) {
    this.#reader = reader;
  }

  /** The counters that a transaction's removed rules ended with. */
  countedAtEnd(record: GenerationRecord, probing: boolean): Counted {
    const last = new Map<string, Map<number, PacketCount>>();
    for (const event of record.events) {
      if (event.op !== 'delrule' || event.handle === undefined || !Array.isArray(event.counters)) continue;
      for (const { family, table } of placesOf(event)) {
        const key = tableKey(family, table);
        const counts = last.get(key) ?? new Map<number, PacketCount>();
        counts.set(event.handle, event.counters as PacketCount);
        last.set(key, counts);
      }
    }
    return this.#counted(last, probing);
  }

  afterGeneration(version: NodeVersion, record: GenerationRecord): NodeVersion {
    const tables = applyEvents(version.tables, record.events, {
      arrive: (place, event) => this.#arrive(place, event, record.gen),
      forget: ({ family, table }) => this.#sources.delete(tableKey(family, table)),
    });
    return { ...version, time: record.t, generation: record.gen, tables };
  }

  /** What a reading adds but counters. Of another generation than the version's only what holds under a handle is taken. */
  withReading(version: NodeVersion, record: RulesRecord): NodeVersion {
    let tables = version.tables;
    for (const table of record.tables) {
      const key = tableKey(table.family, table.table);
      for (const [handle, expressions] of Object.entries(table.expressions ?? {})) {
        this.#source(table.family, table.table, Number(handle)).expressions = expressions;
      }
      for (const [handle, words] of Object.entries(table.texts ?? {}))
        this.#learn(table, Number(handle), words, record.gen);
      if (record.gen !== version.generation) continue;
      tables = new Map(tables).set(key, this.#arranged(tables.get(key), table));
    }
    if (record.gen !== null) this.settle(record.gen);
    const unread = unreadTables(tables, record.others ?? []);
    return tables === version.tables && sameNames(unread, version.unread) ? version : { ...version, tables, unread };
  }

  /** The counters that a reading tells. */
  countedByReading(record: RulesRecord, probing: boolean): Counted {
    const counts = record.tables.map(
      (table) =>
        [
          tableKey(table.family, table.table),
          new Map(Object.entries(table.counters ?? {}).map(([handle, count]) => [Number(handle), count])),
        ] as const,
    );
    return this.#counted(new Map(counts), probing);
  }

  /** A node that is there anew: nothing that was known of its rules holds. */
  forget(): void {
    this.#sources = new Map();
  }

  /** A rule that comes is a new one, also under the handle of one that went: iptables -R keeps it. */
  #arrive({ family, table }: Place, event: NftEvent, generation: number): RuleSource {
    const handle = event.handle ?? 0;
    this.#sources.get(tableKey(family, table))?.delete(handle);
    const source = this.#source(family, table, handle);
    source.since = generation;
    source.expressions = event.expr ?? null;
    this.#reader.learn(source);
    return source;
  }

  #learn(table: TableRecord, handle: number, words: string, generation: number | null): void {
    const source = this.#source(table.family, table.table, handle);
    // Read before this rule came: the text of the one that had its handle then.
    if (source.since !== undefined && generation !== null && generation < source.since) return;
    source.words = words;
    this.#reader.learn(source);
  }

  /** A reading tells of every rule that is there: what it said nothing of is gone, or is none of iptables'. Without one: none comes any more. */
  settle(generation = Number.POSITIVE_INFINITY): void {
    for (const source of this.#open) {
      if (source.since !== undefined && source.since > generation) continue;
      source.final = true;
      this.#open.delete(source);
    }
  }

  #source(family: Family, table: string, handle: number): RuleSource {
    const key = tableKey(family, table);
    const known = this.#sources.get(key) ?? new Map<number, RuleSource>();
    this.#sources.set(key, known);
    const before = known.get(handle);
    if (before !== undefined) return before;
    const source: RuleSource = { family, handle, words: null, expressions: null };
    known.set(handle, source);
    this.#open.add(source);
    return source;
  }

  #arranged(version: TableVersion | undefined, record: TableRecord): TableVersion {
    const { family, table: name } = record;
    const chains = new Map(record.full ? [] : version?.chains);
    for (const [chain, [policy, packets, bytes]] of Object.entries(record.chains ?? {})) {
      const head = {
        policy: policy === 'ACCEPT' || policy === 'DROP' ? policy : null,
        counters: { packets, bytes },
      } as const;
      chains.set(chain, { ...(version?.chains.get(chain) ?? emptyChain(chain)), ...head });
    }
    for (const [chain, handles] of Object.entries(record.order ?? {})) {
      const before = chains.get(chain) ?? version?.chains.get(chain) ?? emptyChain(chain);
      chains.set(chain, sameOrder(before, handles) ? before : this.#reordered(before, handles, family, name));
    }
    return { family, name, chains };
  }

  #reordered(chain: ChainVersion, handles: readonly number[], family: Family, table: string): ChainVersion {
    const known = new Map(chain.rules.map((rule) => [rule.source.handle, rule]));
    const rules = handles.map(
      (handle) => known.get(handle) ?? { source: this.#source(family, table, handle), counters: null },
    );
    return { ...chain, rules };
  }

  /** What the timeline shows for these kernel counters: what probes moved is taken off. */
  #counted(counts: ReadonlyMap<string, ReadonlyMap<number, PacketCount>>, probing: boolean): Counted {
    const result = new Map<string, Map<RuleSource, Counters>>();
    for (const [key, ofTable] of counts) {
      const sources = this.#sources.get(key);
      const counted = new Map<RuleSource, Counters>();
      for (const [handle, count] of ofTable) {
        const source = sources?.get(handle);
        if (source !== undefined) counted.set(source, this.#shown(source, count, probing));
      }
      if (counted.size > 0) result.set(key, counted);
    }
    return result;
  }

  #shown(source: RuleSource, count: PacketCount, probing: boolean): Counters {
    const known = this.#probed.get(source) ?? {
      total: { packets: 0, bytes: 0 },
      probed: { packets: 0, bytes: 0 },
    };
    // A counter that was put back says less than the highest that was seen.
    const total = { packets: Math.max(count[0], known.total.packets), bytes: Math.max(count[1], known.total.bytes) };
    const moved = { packets: total.packets - known.total.packets, bytes: total.bytes - known.total.bytes };
    const probed = probing
      ? { packets: known.probed.packets + moved.packets, bytes: known.probed.bytes + moved.bytes }
      : known.probed;
    this.#probed.set(source, { total, probed });
    return { packets: total.packets - probed.packets, bytes: total.bytes - probed.bytes };
  }
}

/** By table key: the counters of rules. */
export type Counted = ReadonlyMap<string, ReadonlyMap<RuleSource, Counters>>;

/** The version with these counters; the same one where it has them or none of their rules. */
export function withCounters(version: NodeVersion, counted: Counted): NodeVersion {
  let tables: Map<string, TableVersion> | null = null;
  for (const [key, ofTable] of counted) {
    const table = version.tables.get(key);
    if (table === undefined) continue;
    let chains: Map<string, ChainVersion> | null = null;
    for (const [name, chain] of table.chains) {
      if (!chain.rules.some((rule) => differs(rule, ofTable))) continue;
      chains ??= new Map(table.chains);
      const rules = chain.rules.map((rule) =>
        differs(rule, ofTable) ? { ...rule, counters: ofTable.get(rule.source) ?? null } : rule,
      );
      chains.set(name, { ...chain, rules });
    }
    if (chains === null) continue;
    tables ??= new Map(version.tables);
    tables.set(key, { ...table, chains });
  }
  return tables === null ? version : { ...version, tables };
}

function differs(rule: RuleEntry, counted: ReadonlyMap<RuleSource, Counters>): boolean {
  const counters = counted.get(rule.source);
  return (
    counters !== undefined && (rule.counters?.packets !== counters.packets || rule.counters.bytes !== counters.bytes)
  );
}

/** A table that is not known is one that was there before the recorder listened; one that is known was seen being made, with all in it. */
function unreadTables(tables: Tables, others: NonNullable<RulesRecord['others']>): readonly string[] {
  const known = new Set([...tables.values()].map(({ name }) => name));
  return others.flatMap(([family, table]) => {
    const name = ownTableOf(family, table);
    return name === null || known.has(name) ? [] : [name];
  });
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');

function sameOrder(chain: ChainVersion, handles: readonly number[]): boolean {
  return (
    chain.rules.length === handles.length && chain.rules.every((rule, index) => rule.source.handle === handles[index])
  );
}

/** Legacy dumps among the sections, parsed. */
export function legacyRulesets(sections: Sections) {
  const texts = [
    ['ipv4', sections['legacy-ipv4']],
    ['ipv6', sections['legacy-ipv6']],
  ] as const;
  return texts.flatMap(([family, text]) =>
    text === undefined || text === ''
      ? []
      : [{ family, backend: 'legacy' as const, ruleset: parseSave(text, { family, backend: 'legacy' }), text }],
  );
}
