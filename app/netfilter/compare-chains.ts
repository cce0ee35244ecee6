import type { ChainView, RuleView } from '../../engine/contract/procedures/netfilter.ts';

/** What just happened to a rule. */
export type Mark =
  | { readonly kind: 'added' | 'moved' | 'changed' }
  /** Its counter rose by so many packets. */
  | { readonly kind: 'matched'; readonly packets: number };

export interface ChainChanges {
  /** By the rules' keys. */
  readonly marks: ReadonlyMap<string, Mark>;
  readonly removed: readonly RuleView[];
}

/** What became of a chain between two readings. Rules that others pushed down or up did not move. Pure. */
export function compareChains(before: readonly RuleView[], after: ChainView['rules']): ChainChanges {
  const marks = new Map<string, Mark>();
  const old = new Map(before.map((rule, index) => [rule.key, { rule, index }]));
  const stayed: number[] = [];
  for (const rule of after) {
    const known = old.get(rule.key);
    if (known === undefined) marks.set(rule.key, { kind: 'added' });
    else {
      stayed.push(known.index);
      if (known.rule.text !== rule.text) marks.set(rule.key, { kind: 'changed' });
      else {
        const packets = (rule.counters?.packets ?? 0) - (known.rule.counters?.packets ?? 0);
        if (packets > 0) marks.set(rule.key, { kind: 'matched', packets });
      }
    }
  }
  for (const index of movedAmong(stayed)) {
    const key = before[index]?.key;
    if (key !== undefined) marks.set(key, { kind: 'moved' });
  }
  const now = new Set(after.map(({ key }) => key));
  return { marks, removed: before.filter(({ key }) => !now.has(key)) };
}

/** The fewest of these numbers without which the others rise. */
function movedAmong(numbers: readonly number[]): number[] {
  if (numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))) return [];
  // Patience sorting: the longest rising part stays.
  const tops: number[] = [];
  const previous: number[] = [];
  for (const [index, number] of numbers.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[tops[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    previous.push(low === 0 ? -1 : (tops[low - 1] ?? -1));
    tops[low] = index;
  }
  const kept = new Set<number>();
  for (let at = tops[tops.length - 1] ?? -1; at >= 0; at = previous[at] ?? -1) kept.add(at);
  return numbers.filter((_, index) => !kept.has(index));
}
