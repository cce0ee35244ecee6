import type { NetfilterView, RuleView } from '../../engine/contract/procedures/netfilter.ts';
import { compareChains } from '../netfilter/compare-chains.ts';
import type { ChainNews } from '../netfilter/news.svelte.ts';
import { timelineText } from '../strings/timeline.ts';

interface Differences {
  /** By table and chain, a line end between. */
  readonly chains: ReadonlyMap<string, ChainNews>;
  /** How many rules are marked. */
  readonly count: number;
}

/**
 * Seen from a moment: the rules that stood there and are gone now, and, as rows of their own, those that came later. A rule is known by what it
 * says: one in other words is another. Counters are no difference. Pure.
 */
export function differencesOf(past: NetfilterView, latest: NetfilterView): Differences {
  const chains = new Map<string, ChainNews>();
  let count = 0;
  for (const { key, chains: then } of past.tables) {
    const now = latest.tables.find((table) => table.key === key)?.chains ?? [];
    for (const chain of then) {
      const others = byText(now.find(({ name }) => name === chain.name)?.rules ?? []);
      const own = byText(chain.rules);
      const found = compareChains(others, own);
      const marks = new Map(
        own.flatMap((rule, index) => {
          const mark = found.marks.get(rule.key);
          const key = chain.rules[index]?.key;
          return mark && mark.kind !== 'matched' && key !== undefined ? [[key, mark] as const] : [];
        }),
      );
      if (marks.size + found.removed.length === 0) continue;
      count += marks.size + found.removed.length;
      chains.set(`${key}\n${chain.name}`, { marks, removed: found.removed, words: timelineText.marks });
    }
  }
  return { chains, count };
}

/** With the rule's text and its count among those of the same text as its key. */
function byText(rules: readonly RuleView[]): RuleView[] {
  const seen = new Map<string, number>();
  return rules.map((rule) => {
    const number = (seen.get(rule.text) ?? 0) + 1;
    seen.set(rule.text, number);
    return { ...rule, key: `${rule.text}\n${number}` };
  });
}
