import type { BaseChain, NftTable } from '../netfilter/index.ts';
import type { Chain, Counters, Family, Rule, Ruleset, Table } from '../netfilter/model.ts';
import { isSettled, type RuleReader, type RuleSource } from './rule-source.ts';

/**
 * Rulesets as they were, state after state. Everything is immutable and what did not change is shared, so a thousand states of a
 * ruleset of a thousand rules cost about one of them and a thousand changes. Rules become model rules when somebody looks.
 */
export interface TableVersion {
  readonly family: Family;
  readonly name: string;
  readonly chains: ReadonlyMap<string, ChainVersion>;
}

export interface ChainVersion {
  readonly name: string;
  readonly policy: 'ACCEPT' | 'DROP' | null;
  readonly counters: Counters | null;
  readonly rules: readonly RuleEntry[];
  /** Where the kernel calls it; of chains of nft's own tables alone, for iptables' chains are called where their names say. */
  readonly base?: Omit<BaseChain, 'chain'>;
}

export interface RuleEntry {
  readonly source: RuleSource;
  readonly counters: Counters | null;
}

export const builtinChains = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

export function emptyChain(name: string): ChainVersion {
  return { name, policy: builtinChains.has(name) ? 'ACCEPT' : null, counters: null, rules: [] };
}

/** Makes model rulesets of versions; the same version gives the same object, once all is known of its rules. */
export class RulesetReader {
  readonly #rules: RuleReader;
  readonly #chains = new WeakMap<ChainVersion, Chain>();
  readonly #tables = new WeakMap<TableVersion, Table>();
  /** Tables and chains that were made of rules of which more may be known later. */
  readonly #unsettled = new WeakSet<Table | Chain>();
  /** A rule that stands is the same object in every state: a thousand states of a thousand rules are no million rules. */
  readonly #entries = new WeakMap<RuleEntry, { readonly body: Rule; readonly rule: Rule }>();

  constructor(rules: RuleReader) {
    this.#rules = rules;
  }

  read(family: Family, tables: readonly TableVersion[]): Ruleset {
    return { family, tables: tables.map((table) => this.#table(table)), remarks: [] };
  }

  /** More may be known of it later: a reading of its rules is still to come. */
  isUnsettled(table: Table): boolean {
    return this.#unsettled.has(table);
  }

  /** A table of nft's own as packets of its family meet it. */
  readOwn(version: TableVersion): NftTable {
    const bases = [...version.chains.values()].flatMap(({ name, base }) =>
      base === undefined ? [] : [{ chain: name, ...base }],
    );
    return { table: this.#table(version), bases };
  }

  #table(version: TableVersion): Table {
    const known = this.#tables.get(version);
    if (known !== undefined) return known;
    const table = { name: version.name, chains: [...version.chains.values()].map((chain) => this.#chain(chain)) };
    if (table.chains.some((chain) => this.#unsettled.has(chain))) this.#unsettled.add(table);
    else this.#tables.set(version, table);
    return table;
  }

  #chain(version: ChainVersion): Chain {
    const known = this.#chains.get(version);
    if (known !== undefined) return known;
    const { name, policy, counters } = version;
    const rules = version.rules.map((entry) => this.#rule(entry));
    const chain = { name, policy, counters, rules };
    if (version.rules.every((entry) => isSettled(entry.source))) this.#chains.set(version, chain);
    else this.#unsettled.add(chain);
    return chain;
  }

  #rule(entry: RuleEntry): Rule {
    const body = this.#rules.read(entry.source);
    const known = this.#entries.get(entry);
    if (known?.body === body) return known.rule;
    const rule = { ...body, counters: entry.counters };
    this.#entries.set(entry, { body, rule });
    return rule;
  }
}
