/** Whether the kernel did what the simulator says it would. Pure. */

import type { NamedLeg, PathHop, PathTrace } from '../netfilter/index.ts';
import type { ObservedHop, ObservedLeg } from './observed-walk.ts';

/** Where what happened parts from what was predicted; the first place of each leg. */
export interface Parting {
  readonly leg: ObservedLeg['name'];
  readonly node: string;
  /** A sentence. */
  readonly message: string;
}

/** The prediction may name several ways (chance, unknown state): the kernel took one of them, or none. */
export function compareWalks(legs: readonly ObservedLeg[], predicted: PathTrace): readonly Parting[] {
  const each = predicted.ways.map((way) => partings(legs, way.legs));
  return each.reduce((best, one) => (one.length < best.length ? one : best), each[0] ?? []);
}

const names = ['first packet', 'answer'] as const;

function partings(observed: readonly ObservedLeg[], predicted: readonly NamedLeg[]): readonly Parting[] {
  return names.flatMap((name) => {
    const seen = observed.find((leg) => leg.name === name)?.hops ?? [];
    const said = predicted.find((leg) => leg.name === name)?.hops ?? [];
    // What rejects a packet answers itself, which no path is walked for.
    if (said.length === 0 && predicted.at(-1)?.end.kind === 'rejected') return [];
    const parting = firstParting(seen, said);
    return parting === null ? [] : [{ leg: name, ...parting }];
  });
}

function firstParting(seen: readonly ObservedHop[], said: readonly PathHop[]): Omit<Parting, 'leg'> | null {
  for (let index = 0; index < Math.max(seen.length, said.length); index++) {
    const [observed, predicted] = [seen[index], said[index]];
    if (predicted === undefined) {
      return observed
        ? { node: observed.node, message: `It came to ${observed.node}, which was not predicted.` }
        : null;
    }
    // What has no route is never made, so that no hook meets it.
    if (observed === undefined && index === 0 && endsUnrouted(predicted)) return null;
    if (observed === undefined) return { node: predicted.node, message: `It never came to ${predicted.node}.` };
    if (observed.node !== predicted.node) {
      return { node: observed.node, message: `It came to ${observed.node}; predicted was ${predicted.node}.` };
    }
    const message = hopParting(observed, predicted);
    if (message !== null) return { node: observed.node, message };
  }
  return null;
}

const endsUnrouted = ({ outcome: { verdict, walk } }: PathHop): boolean =>
  !['accept', 'continue'].includes(verdict) &&
  walk.every(({ table, matched }) => table === 'routing' || matched === false);

function hopParting(observed: ObservedHop, predicted: PathHop): string | null {
  const walked = walkParting(observed, predicted);
  if (walked !== null) return walked;
  const { source, destination, sourcePort, destinationPort } = observed.after;
  const { src, dst, sport, dport } = predicted.after;
  const pairs = [
    [source, src],
    [destination, dst],
    [sourcePort, sport],
    [destinationPort, dport],
  ] as const;
  const other = pairs.find(([is, was]) => is !== null && was !== undefined && is !== was);
  if (other) return `It left with ${other[0]}; predicted was ${other[1]}.`;
  const died = observed.end === 'dropped' || observed.end === 'vanished';
  const dies = !['accept', 'continue', 'unknown'].includes(predicted.outcome.verdict);
  if (died === dies || predicted.outcome.verdict === 'unknown') return null;
  return died ? 'It ended there; predicted was that it goes on.' : 'It went on; predicted was that it ends there.';
}

/** Rules of which is not known whether they match may have matched or not. */
function walkParting(observed: ObservedHop, predicted: PathHop): string | null {
  const said = predicted.outcome.walk.filter(
    ({ rule, matched, table }) => rule > 0 && matched !== false && table !== 'routing',
  );
  let next = 0;
  for (const step of observed.steps) {
    if (step.rule === 0) continue;
    const place = placeOf(step);
    const from = next;
    while (next < said.length && said[next]?.matched === null && placeOf(said[next] ?? step) !== place) next++;
    const expected = said[next];
    if (expected === undefined || placeOf(expected) !== place) {
      const sure = said.slice(from).find(({ matched }) => matched === true);
      return `${place} matched; predicted was ${sure ? placeOf(sure) : 'no further rule'}.`;
    }
    next++;
  }
  const missed = said.slice(next).find(({ matched }) => matched === true);
  return missed ? `No further rule matched; predicted was ${placeOf(missed)}.` : null;
}

const placeOf = ({ table, chain, rule }: { table: string; chain: string; rule: number | null }): string =>
  `${table} ${chain} rule ${rule ?? '?'}`;
