import type { NetfilterView, RuleView } from '../../engine/contract/procedures/netfilter.ts';
import { newsText } from '../strings/netfilter.ts';
import { compareChains, type Mark } from './compare-chains.ts';

/** How long something that happened stays lit, in milliseconds. */
const litFor = 3000;

export interface ChainNews {
  readonly marks: ReadonlyMap<string, Mark>;
  readonly removed: readonly RuleView[];
  /** What a mark says, where it is not what just happened. */
  readonly words?: Readonly<Record<'added' | 'moved' | 'changed' | 'removed', string>>;
}

/** What is marked in a chain. */
export interface NewsOf {
  of(table: string, chain: string): ChainNews;
}

const nothing: ChainNews = { marks: new Map(), removed: [] };

/** What just happened to the rules that are shown: lit for a moment. */
export class News implements NewsOf {
  /** The last thing that a screen reader is told: changes, not counters. */
  said = $state('');
  #chains = $state.raw<ReadonlyMap<string, ChainNews>>(new Map());
  #before: NetfilterView | null = null;

  of(table: string, chain: string): ChainNews {
    return this.#chains.get(keyOf(table, chain)) ?? nothing;
  }

  /** To be called with each reading. The first of a node or family is news to nobody. */
  see(view: NetfilterView): void {
    const before = this.#before;
    this.#before = view;
    if (before === null || before.node !== view.node || before.family !== view.family) {
      this.#chains = new Map();
      return;
    }
    for (const { key, chains } of view.tables) {
      const known = before.tables.find((table) => table.key === key);
      for (const chain of chains) {
        const old = known?.chains.find(({ name }) => name === chain.name)?.rules ?? [];
        const changes = compareChains(old, chain.rules);
        if (changes.marks.size === 0 && changes.removed.length === 0) continue;
        this.#light(keyOf(key, chain.name), changes);
        this.#say(chain.name, changes, chain.rules);
      }
    }
  }

  #light(key: string, changes: ChainNews): void {
    const lit = this.#chains.get(key) ?? nothing;
    const news = { marks: new Map([...lit.marks, ...changes.marks]), removed: [...lit.removed, ...changes.removed] };
    this.#chains = new Map(this.#chains).set(key, news);
    setTimeout(() => this.#dim(key, changes), litFor);
  }

  /** Takes away what was lit then, unless it happened again since. */
  #dim(key: string, changes: ChainNews): void {
    const lit = this.#chains.get(key);
    if (!lit) return;
    const marks = new Map([...lit.marks].filter(([rule, mark]) => changes.marks.get(rule) !== mark));
    const removed = lit.removed.filter((rule) => !changes.removed.includes(rule));
    const chains = new Map(this.#chains);
    if (marks.size === 0 && removed.length === 0) chains.delete(key);
    else chains.set(key, { marks, removed });
    this.#chains = chains;
  }

  #say(chain: string, { marks, removed }: ChainNews, rules: readonly RuleView[]): void {
    const [gone] = removed;
    const changed = rules.find(({ key }) => (marks.get(key)?.kind ?? 'matched') !== 'matched');
    const kind = changed && marks.get(changed.key)?.kind;
    if (gone) this.said = newsText('removed', chain, gone.number);
    else if (changed && kind && kind !== 'matched') this.said = newsText(kind, chain, changed.number);
  }
}

const keyOf = (table: string, chain: string): string => `${table}\n${chain}`;
