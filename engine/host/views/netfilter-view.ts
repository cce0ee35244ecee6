import type { ChainView, Hook, NetfilterView, RuleView, TableView } from '../../contract/procedures/netfilter.ts';
import {
  type Backend,
  type Chain,
  type Family,
  hooks,
  type NftTable,
  nftRuleTexts,
  placesOf,
  printRule,
  type Rule,
  readNftTable,
  type Table,
} from '../../netfilter/index.ts';
import type { NodeRules } from '../../observe/snapshot-nodes.ts';
import { RuleKeys } from './rule-keys.ts';
import { type RuleBody, ruleBody } from './rule-view.ts';

type Base = NetfilterView['hooks'][number]['chains'][number] & { readonly hook: Hook };

/** Rules of one node, reading after reading, as packets of one family meet them: a rule that stays keeps its key. Pure but for that memory. */
export class NetfilterViewer {
  readonly #family: Family;
  readonly #keys = new RuleKeys();
  readonly #bodies = new Bodies();

  constructor(family: Family) {
    this.#family = family;
  }

  view(state: NodeRules): NetfilterView {
    const family = this.#family;
    const tables: TableView[] = [];
    const bases: Base[] = [];
    for (const { ruleset, backend } of state.rulesets.filter((one) => one.family === family)) {
      for (const table of ruleset.tables) {
        const key = `${backend} ${table.name}`;
        tables.push({
          key,
          name: table.name,
          owner: backend === 'legacy' ? 'iptables-legacy' : 'iptables-nft',
          unreadable: table.unreadable ?? null,
          chains: this.#chains(key, table, null),
        });
        bases.push(...iptablesBases(key, table, backend));
      }
    }
    for (const { json, read } of state.nftTables) {
      // On a timeline there is what the kernel told of a table, and not nft's own text.
      const own = read === undefined ? readNftTable(json, family) : (read[family] ?? null);
      if (own === null) continue;
      const key = `own ${own.table.name}`;
      tables.push({
        key,
        name: own.table.name,
        owner: 'nft',
        unreadable: null,
        chains: this.#chains(key, own.table, { own, texts: json === null ? new Map() : nftRuleTexts(json) }),
      });
      bases.push(...own.bases.map(({ chain, hook, priority }) => ({ table: key, chain, hook, priority })));
    }
    const problems = state.problems.filter(({ section }) => section === 'iptables' || section === 'nft');
    this.#keys.keep(new Set(tables.map(({ key }) => key)));
    return {
      node: state.node,
      family,
      time: state.time,
      tables,
      problems: [...new Set(problems.map(({ message }) => message))],
      hooks: hooks.map((hook) => ({
        hook,
        chains: bases
          .filter((base) => base.hook === hook)
          .sort((a, b) => a.priority - b.priority)
          .map(({ table, chain, priority }) => ({ table, chain, priority })),
      })),
    };
  }

  #chains(key: string, table: Table, nft: Nft | null): ChainView[] {
    const grouped = table.chains.map((chain) => ({ chain, groups: groupsOf(chain) }));
    const keys = this.#keys.assign(
      key,
      grouped.map(({ chain, groups }) => ({ name: chain.name, rules: groups.map(([first]) => first) })),
    );
    const references = referencesIn(grouped.map(({ groups }) => groups));
    return grouped.map(({ chain, groups }) => ({
      name: chain.name,
      hook: hookOf(table, chain, nft),
      policy: chain.policy,
      counters: chain.counters,
      references: references.get(chain.name) ?? 0,
      rules: groups.map((rules, index): RuleView => {
        const [first] = rules;
        return {
          key: keys.get(chain.name)?.[index] ?? '',
          number: index + 1,
          counters: first.counters,
          ...this.#bodies.of(rules, this.#family, nft?.texts.get(first.handle ?? -1)),
        };
      }),
    }));
  }
}

interface Nft {
  readonly own: NftTable;
  /** By handle. */
  readonly texts: ReadonlyMap<number, string>;
}

type Group = readonly [Rule, ...Rule[]];

/** The kernel's rules: those of the model with one number are one. */
function groupsOf({ rules }: Chain): Group[] {
  const groups: [Rule, ...Rule[]][] = [];
  for (const rule of rules) {
    const last = groups.at(-1);
    if (last !== undefined && rule.number !== undefined && last[0].number === rule.number) last.push(rule);
    else groups.push([rule]);
  }
  return groups;
}

function referencesIn(chains: readonly (readonly Group[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const group of chains.flat()) {
    const named = new Set(
      group.flatMap(({ action }) => (action.kind === 'jump' || action.kind === 'goto' ? [action.chain] : [])),
    );
    for (const chain of named) counts.set(chain, (counts.get(chain) ?? 0) + 1);
  }
  return counts;
}

function hookOf(table: Table, chain: Chain, nft: Nft | null): Hook | null {
  if (nft !== null) return nft.own.bases.find((base) => base.chain === chain.name)?.hook ?? null;
  return placesOf(table, undefined).find((place) => place.chain === chain.name)?.hook ?? null;
}

/** The base chains of a table that iptables knows: those that are there. */
function iptablesBases(key: string, table: Table, backend: Backend): Base[] {
  const places = placesOf(table, backend).filter(({ chain }) => table.chains.some(({ name }) => name === chain));
  return hooks.flatMap((at) =>
    places
      .filter(({ hook }) => hook === at)
      .map(({ chain, hook, priority }) => ({ table: key, chain, hook, priority })),
  );
}

/** What was said of a rule once is not worked out again at every reading. */
class Bodies {
  #now = new Map<string, RuleBody>();
  #before = new Map<string, RuleBody>();

  of(rules: Group, family: Family, nftText: string | undefined): RuleBody {
    const [first] = rules;
    const key = `${family} ${first.origin ?? ''} ${nftText ?? ''} ${rules.map(printRule).join('\n')}`;
    const body = this.#now.get(key) ?? this.#before.get(key) ?? ruleBody(rules, family, nftText);
    this.#now.set(key, body);
    if (this.#now.size > mostBodies) {
      this.#before = this.#now;
      this.#now = new Map();
    }
    return body;
  }
}

/** Beyond that the older half is forgotten. */
const mostBodies = 20_000;
