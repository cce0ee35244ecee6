/** A path in words. */

import { explainWalk } from '../simulate/explain.ts';
import type { Packet } from '../simulate/packet.ts';
import type { WalkStep } from '../simulate/simulation.ts';
import type { LegEnd, PathHop } from './leg.ts';
import type { NamedLeg, PathTrace, PathWay } from './trace-path.ts';

/** "10.0.0.2:40000 > 10.0.1.2:80". */
export function flowText({ src, sport, dst, dport }: Partial<Packet>): string {
  return `${endText(src, sport)} > ${endText(dst, dport)}`;
}

function endText(address: string | undefined, port: number | undefined): string {
  const text = address ?? 'an unknown address';
  if (port === undefined) return text;
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

/** What rules did to the packet on a node, in order: "nat PREROUTING rule 1 DNAT". Mere jumps and policies that accept are left out. */
export function actsOf(hop: PathHop): string[] {
  return hop.outcome.walk
    .filter((step) => step.matched !== false && (step.table === 'routing' || acts(step)))
    .map(({ table, chain, rule, action, matched, why }) =>
      table === 'routing'
        ? `${chain}: ${why}`
        : `${table} ${chain} ${rule === 0 ? 'policy' : `rule ${rule}`} ${action}${matched === null ? ', perhaps' : ''}`,
    );
}

/** A policy that accepts is no news. */
const acts = ({ rule, action }: WalkStep): boolean =>
  rule === 0 ? action === 'DROP' : !['', 'RETURN'].includes(action) && !/^(jump|go) to /.test(action);

/** Where a way ends and why, in a sentence or two. */
export function explainWay(way: PathWay): string {
  const { verdict, died, seen } = way;
  const saw = seen === null ? '' : ` ${seen.node} saw it as ${flowText(seen)}.`;
  if (verdict === 'answered') return `The connection works: the answer comes back.${saw}`;
  const leg = way.legs.at(-1);
  if (died === null || leg === undefined) return '';
  if (verdict === 'refused') {
    const port = seen?.dport === undefined ? '' : ` on port ${seen.dport}`;
    return `It gets to ${seen?.node ?? died.node}, but nothing listens there${port}: the connection is refused.${saw}`;
  }
  return `${whatDied[died.leg]} ${endings[verdict]} on ${died.node}. ${reasonOf(leg)}${saw}`.trimEnd();
}

const whatDied: Readonly<Record<NamedLeg['name'], string>> = {
  'first packet': 'The first packet',
  answer: 'The first packet arrives, but the answer',
  'next packet': 'The first packet and its answer arrive, but a later packet',
  'next answer': 'The first packet and its answer arrive, but a later answer',
};
const endings = { lost: 'dies', rejected: 'is rejected', unknown: 'may end' } as const;

function reasonOf(leg: NamedLeg): string {
  const { end } = leg;
  const hop = leg.hops.at(-1);
  if (end.kind === 'delivered') return `It is delivered on ${end.node}, which asked for nothing.`;
  if (end.why !== null || hop === undefined) return end.why ?? '';
  const { outcome, unknown } = hop;
  return explainWalk({ ...outcome, unknown, outcomes: [outcome] });
}

/** The whole answer in words: one way, or each with its condition. */
export function explainPath(trace: PathTrace): string {
  const [first] = trace.ways;
  if (first !== undefined && trace.ways.length === 1) return explainWay(first);
  return trace.ways
    .map((way) => {
      const share = way.probability === null ? '' : ` (${Number((way.probability * 100).toFixed(1))} %)`;
      return `If ${way.conditions.join(' and ') || 'nothing else holds'}${share}: ${explainWay(way)}`;
    })
    .join('\n');
}

/** How a leg ends, in a word or two. */
export const endWord = (end: LegEnd): string =>
  ({ delivered: 'arrives', dropped: 'dies', rejected: 'rejected', unknown: 'not known' })[end.kind];
