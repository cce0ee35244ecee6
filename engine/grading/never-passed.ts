import { builtinChains } from '../netfilter/builtin.ts';
import { printRule } from '../netfilter/index.ts';
import type { Family, Rule } from '../netfilter/model.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import { type PlacedRule, placedRules } from './rulesets-of.ts';
import { type Start, simulateAt, type Walked } from './walk.ts';

type Hook = NonNullable<Start['hook']>;

/** Built-in chains that a packet passes, and those that it never does, by the hook where its way begins. */
interface Way {
  readonly who: string;
  readonly passed: readonly string[];
  readonly never: readonly string[];
}

const ways: Readonly<Partial<Record<Hook, Way>>> = {
  prerouting: { who: 'a packet that comes in', passed: ['PREROUTING'], never: ['OUTPUT'] },
  input: {
    who: 'a packet for this machine itself',
    passed: ['INPUT'],
    never: ['FORWARD', 'OUTPUT', 'POSTROUTING'],
  },
  forward: {
    who: 'a packet that this machine forwards',
    passed: ['FORWARD', 'POSTROUTING'],
    never: ['INPUT', 'OUTPUT'],
  },
  output: {
    who: 'a packet that this machine sends',
    passed: ['OUTPUT', 'POSTROUTING'],
    never: ['PREROUTING', 'INPUT', 'FORWARD'],
  },
};

/** More rules than this are not tried. */
const mostTried = 40;

/**
 * The rule that would do to a packet what is wanted if it stood in a chain that the packet passes, in a sentence; null where there is none.
 * Tried by putting each rule of the chains that it never passes at the head of one that it does.
 */
export function neverPassed(
  snapshot: NodeSnapshot,
  family: Family,
  start: Start,
  isWanted: (walked: Walked) => boolean,
): string | null {
  const way = start.hook === undefined ? undefined : ways[start.hook];
  if (way === undefined) return null;
  const elsewhere = placedRules(snapshot, [family]).filter((at) => isElsewhere(at, way, start));
  for (const at of elsewhere.slice(0, mostTried)) {
    for (const chain of way.passed.filter((name) => builtinChains[at.table]?.includes(name))) {
      const walked = simulateAt(moved(snapshot, at, chain), start);
      if ('failure' in walked || walked.verdict === 'unknown' || !isWanted(walked)) continue;
      const place = `${at.table} ${at.chain}`;
      return `Your rule ${at.number} of ${place} (${printRule(at.rule)}) would do it, but ${way.who} never passes ${place}.`;
    }
  }
  return null;
}

/** A rule without a condition is about everything, not about this packet. */
function isElsewhere({ table, chain, rule }: PlacedRule, way: Way, { packet }: Start): boolean {
  if (!way.never.includes(chain) || rule.conditions.length === 0 || rule.action.kind === 'return') return false;
  // What leaves by lo comes in again by lo: then it passes all but nat, which a connection is asked for once.
  return table === 'nat' || !/\bout=lo\b/.test(packet);
}

function moved(snapshot: NodeSnapshot, at: PlacedRule, to: string): NodeSnapshot {
  const holds = (rules: readonly Rule[]) => rules.includes(at.rule);
  return {
    ...snapshot,
    rulesets: snapshot.rulesets.map((one) => ({
      ...one,
      ruleset: {
        ...one.ruleset,
        tables: one.ruleset.tables.map((table) => {
          if (!table.chains.some(({ rules }) => holds(rules))) return table;
          const target = table.chains.find(({ name }) => name === to);
          const others = table.chains.filter((chain) => chain !== target);
          const head = target ?? { name: to, policy: 'ACCEPT' as const, counters: null, rules: [] };
          return { ...table, chains: [...others, { ...head, rules: [at.rule, ...head.rules] }] };
        }),
      },
    })),
  };
}
