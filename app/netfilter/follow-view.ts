import type { ChainView, NetfilterEvent, NetfilterView } from '../../engine/contract/procedures/netfilter.ts';

/** The view after each event of its stream. */
export async function* viewsOf(
  events: AsyncIterable<NetfilterEvent> | Iterable<NetfilterEvent>,
): AsyncGenerator<NetfilterView, void> {
  let view: NetfilterView | null = null;
  for await (const event of events) {
    if (event.kind === 'view') view = event.view;
    else if (view) view = withCounters(view, event);
    if (view) yield view;
  }
}

function withCounters(
  view: NetfilterView,
  { time, chains }: Extract<NetfilterEvent, { kind: 'counters' }>,
): NetfilterView {
  const moved = new Map(chains.map((one) => [keyOf(one.table, one.chain), one]));
  const counted = (table: string, chain: ChainView): ChainView => {
    const news = moved.get(keyOf(table, chain.name));
    if (!news) return chain;
    const rules = [...chain.rules];
    for (const { index, counters } of news.rules) {
      const rule = rules[index];
      if (rule) rules[index] = { ...rule, counters };
    }
    return { ...chain, counters: news.counters, rules };
  };
  const tables = view.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => counted(table.key, chain)),
  }));
  return { ...view, time, tables };
}

const keyOf = (table: string, chain: string): string => `${table}\n${chain}`;
