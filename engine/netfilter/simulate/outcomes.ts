/** The ends of all ways that a packet may take, as the outcomes that a reader tells apart. */

import type { Action, Condition, Rule } from '../model.ts';
import { quoteWords } from '../words.ts';
import type { Outcome, Simulation } from './simulation.ts';
import { conditionsText, type Ended, mostTracks, type Share, stepsOf, sumOf, type Taken, type Track } from './track.ts';
import { ruleWords } from './walk-chain.ts';

const textOf = (rule: Rule): string => quoteWords(ruleWords(rule));

/** What tells outcomes apart: the verdict, what is answered, and the packet as it left. */
export function outcomeKey({ verdict, answer, packet }: Pick<Outcome, 'verdict' | 'answer' | 'packet'>): string {
  const { src, dst, sport, dport, mark, connmark, ttl, out, dscp, mss } = packet;
  return JSON.stringify([verdict, answer, src, dst, sport, dport, mark ?? 0, connmark, ttl, out, dscp, mss]);
}

/** Ends that come to the same are one outcome. `counted`: how often each rule with a counter was asked. */
export function collect(ended: readonly Ended[], counted: ReadonlyMap<Condition, number>): Outcome[] {
  const groups = new Map<string, { first: Ended; tracks: Track[] }>();
  for (const one of ended) {
    const key = outcomeKey({ verdict: one.verdict, answer: answerOf(one), packet: one.track.packet });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: one, tracks: [one.track] });
    else group.tracks.push(one.track);
  }
  return [...groups.values()].slice(0, mostTracks).map(({ first, tracks }) => {
    const { conditions, share } = reduced(tracks);
    const only = groups.size === 1;
    return {
      verdict: first.verdict,
      packet: first.track.packet,
      rewrites: first.track.rewrites,
      answer: answerOf(first),
      delivered: first.track.way === 'here',
      nextHop: first.track.nextHop,
      condition: only ? '' : [...new Set(conditions)].slice(0, 4).join(', or '),
      probability: only ? 1 : probabilityOf(share, counted),
      walk: stepsOf(first.track.trace, textOf),
    };
  });
}

function answerOf({ verdict, track }: Ended): string | null {
  return verdict === 'reject' ? rejectedWith(track.trace?.of?.action) : null;
}

/** A rejection ends the rule, so it stands last where several things are done. */
function rejectedWith(action: Action | undefined): string | null {
  if (action?.kind === 'several') return rejectedWith(action.actions.at(-1));
  return action?.kind === 'reject' ? action.with : null;
}

interface End {
  readonly conditions: readonly Taken[];
  readonly share: Share;
}

/** Both ways out of one decision that end alike are no condition: the decision is taken out again. */
function reduced(tracks: readonly Track[]): { conditions: string[]; share: Share } {
  const open = new Map<string, End[]>();
  const left: End[] = [...tracks];
  for (let end = left.pop(); end !== undefined; end = left.pop()) {
    const last = end.conditions.at(-1);
    const key = `${conditionsText(end.conditions.slice(0, -1))}\n${last?.about ?? ''}`;
    const same = open.get(key) ?? [];
    const opposite = same.findIndex((one) => last?.about !== '' && one.conditions.at(-1)?.holds === !last?.holds);
    if (last === undefined || opposite < 0) {
      open.set(key, [...same, end]);
      continue;
    }
    open.set(key, same.toSpliced(opposite, 1));
    left.push({ conditions: end.conditions.slice(0, -1), share: last.before });
  }
  const ends = [...open.values()].flat();
  return {
    conditions: ends.map(({ conditions }) => conditionsText(conditions)).reverse(),
    share: ends.map((one) => one.share).reduce(sumOf),
  };
}

/**
 * Two rules that count the same packets (`--mode nth`, reached by more than one way) do not hit independently of each other: then nobody can
 * multiply their shares.
 */
function probabilityOf({ odds, counters }: Share, counted: ReadonlyMap<Condition, number>): number | null {
  if (odds === null || counters.some((condition) => (counted.get(condition) ?? 0) > 1)) return null;
  return asFraction(odds);
}

/** The kernel keeps 31 bits of a probability, iptables-save prints eleven digits: what was meant is the fraction that close by. */
function asFraction(odds: number): number {
  for (let below = 1; below <= 1000; below++) {
    const above = Math.round(odds * below);
    if (Math.abs(odds - above / below) < 2 ** -29) return above / below;
  }
  return odds;
}

/** Outcomes as one answer. */
export function together(all: readonly Outcome[], reasons: readonly string[]): Simulation {
  const byKey = new Map<string, Outcome>();
  for (const outcome of all) {
    const key = outcomeKey(outcome);
    const known = byKey.get(key);
    const probability = known === undefined || known.probability === outcome.probability ? outcome.probability : null;
    byKey.set(key, known === undefined ? outcome : { ...known, probability });
  }
  const outcomes = [...byKey.values()];
  const [first] = outcomes;
  if (first === undefined) throw new Error('a packet always has an outcome');
  const agree = outcomes.every((outcome) => outcome.verdict === first.verdict);
  const sure =
    agree &&
    first.verdict !== 'unknown' &&
    outcomes.every((outcome) => JSON.stringify(outcome.rewrites) === JSON.stringify(first.rewrites));
  return {
    verdict: agree ? first.verdict : 'unknown',
    packet: first.packet,
    rewrites: first.rewrites,
    walk: first.walk,
    unknown: sure ? [] : reasons,
    outcomes,
  };
}
