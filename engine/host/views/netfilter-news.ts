import type { ChainView, NetfilterEvent, NetfilterView, RuleView } from '../../contract/procedures/netfilter.ts';

type MovedChain = Extract<NetfilterEvent, { kind: 'counters' }>['chains'][number];

/** What has to be told to who has the view before: counters alone where nothing else has changed; null where nothing has. Pure. */
export function netfilterNews(before: NetfilterView | null, after: NetfilterView): NetfilterEvent | null {
  const chains = before === null ? null : movedChains(before, after);
  if (chains === null) return { kind: 'view', view: after };
  return chains.length === 0 ? null : { kind: 'counters', time: after.time, chains };
}

/** null: more than counters. */
function movedChains(before: NetfilterView, after: NetfilterView): MovedChain[] | null {
  const frame = ({ node, family, problems, hooks, tables }: NetfilterView) =>
    JSON.stringify([node, family, problems, hooks, tables.map(({ chains: _, ...table }) => table)]);
  if (frame(before) !== frame(after)) return null;
  const moved: MovedChain[] = [];
  for (const [at, { key, chains }] of after.tables.entries()) {
    const old = before.tables[at]?.chains ?? [];
    if (old.length !== chains.length) return null;
    for (const [index, chain] of chains.entries()) {
      const was = old[index];
      if (was === undefined || !isSameChain(was, chain)) return null;
      const rules = chain.rules.flatMap(({ counters }, place) =>
        isSameCount(was.rules[place]?.counters ?? null, counters) ? [] : [{ index: place, counters }],
      );
      if (rules.length > 0 || !isSameCount(was.counters, chain.counters))
        moved.push({ table: key, chain: chain.name, counters: chain.counters, rules });
    }
  }
  return moved;
}

function isSameChain(was: ChainView, is: ChainView): boolean {
  const head = ({ name, hook, policy, references, rules }: ChainView) => [name, hook, policy, references, rules.length];
  return String(head(was)) === String(head(is)) && is.rules.every((rule, index) => isSameRule(was.rules[index], rule));
}

/** What else a rule shows follows from its text. */
const isSameRule = (was: RuleView | undefined, is: RuleView): boolean =>
  was !== undefined && was.key === is.key && was.text === is.text && was.words === is.words;

const isSameCount = (was: ChainView['counters'], is: ChainView['counters']): boolean =>
  was?.packets === is?.packets && was?.bytes === is?.bytes;
