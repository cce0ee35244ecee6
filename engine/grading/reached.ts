import type { Walk } from '../contract/report.ts';
import type { Rule } from '../netfilter/model.ts';
import { type Moment, nodeAt } from './check.ts';
import type { RulePlace } from './learner-counters.ts';
import { fateOf } from './never-reached.ts';
import { samplePackets } from './sample-packets.ts';
import { decidingStep, simulateAt, type Walked, walkFor } from './walk.ts';

type Reached =
  | { readonly reached: boolean; readonly why: string; readonly walk: Walk | null }
  | { readonly unknown: string };

/** Whether some packet that the rule matches gets to it from the beginning of its chain: tried with one of each sort that it takes. */
export function isReached(moment: Moment, at: RulePlace & { readonly number: number }, rule: Rule): Reached {
  const found = nodeAt(moment.nodes, at.node, 'iptables');
  if ('unknown' in found) return { unknown: found.unknown.message };
  let unknown: string | null = null;
  let last: { readonly walked: Walked; readonly walk: Walk } | null = null;
  for (const packet of samplePackets(rule, at.family === 'ipv6')) {
    const walked = simulateAt(found.snapshot, { packet, from: { table: at.table, chain: at.chain } });
    if ('failure' in walked) {
      unknown ??= walked.failure;
      continue;
    }
    const step = walked.walk.find((one) => one.table === at.table && one.chain === at.chain && one.rule === at.number);
    if (step?.matched === true) return { reached: true, why: '', walk: walkFor(at.node, packet, walked) };
    if (walked.verdict === 'unknown' || step?.matched === null)
      unknown ??= walked.unknown[0] ?? 'a condition is not known.';
    else last = { walked, walk: walkFor(at.node, packet, walked) };
  }
  const walk = last?.walk ?? null;
  // What no packet of a sample showed is proved over all packets, where that can be.
  const fate = fateOf(found.snapshot, at);
  if (fate.kind === 'dead') return { reached: false, why: `${fate.why}.`, walk };
  if (unknown !== null) return { unknown };
  if (fate.kind === 'alive') return { reached: true, why: '', walk };
  const taker = last === null ? undefined : decidingStep({ walk: last.walked.walk, decided: null });
  const why =
    taker === undefined
      ? 'nothing that it matches comes by.'
      : `${taker.table} ${taker.chain} rule ${taker.rule} (${taker.text}) takes what it matches before.`;
  return { reached: false, why, walk };
}
