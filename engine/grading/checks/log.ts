import { z } from 'zod';
import { logsWith } from '../../netfilter/index.ts';
import type { NodeSnapshot } from '../../observe/snapshot.ts';
import { defineCheck, type Moment, met, nodeAt, unknown, unmet } from '../check.ts';
import { learnerPackets } from '../learner-counters.ts';
import { placedOwnRules, placedRules } from '../rulesets-of.ts';
import * as part from '../schema-parts.ts';

/** A line may carry a time a little before or after the state that holds its rule. */
const slackSeconds = 1;

export default defineCheck({
  type: 'log',
  present: true,
  schema: z.strictObject({
    node: part.node,
    /** As given to --log-prefix; blanks at the end count. */
    prefix: z.string().min(1).max(29),
    table: part.tableName.optional(),
    chain: part.chain.optional(),
  }),
  describe: (spec) => `the kernel logged a packet of ${spec.node} with the prefix "${spec.prefix}"`,
  needs: (spec) => ({ nodes: [spec.node], timeline: true, kernelLog: true }),
  judge(spec, moment) {
    const { kernelLog, timeline } = moment.evidence;
    if ('failure' in kernelLog) return unknown(`the kernel log cannot be had here (${kernelLog.failure}).`);
    if ('failure' in timeline) return unknown(timeline.failure);
    const counted = momentsWithNow(moment).filter((one) => loggedAt(one, spec));
    const lost = timeline.value.gaps.find(
      (one) => one.what === 'states' && (one.node === null || one.node === spec.node),
    );
    if (counted.length === 0 && lost !== undefined)
      return unknown(`rules may have come and gone unseen (${lost.reason}).`);
    if (counted.length === 0) {
      return unmet(
        'no LOG rule with that prefix counted a packet',
        `No LOG rule with the prefix "${spec.prefix}" has matched a packet on ${spec.node}. A line that was written into the log by hand does not count.`,
      );
    }
    const line = timeline.value.log.find(
      (one) =>
        one.text.includes(spec.prefix) &&
        counted.some(
          (at) =>
            one.time >= at.from - slackSeconds && one.time <= at.to + slackSeconds && ofNode(one.text, at, spec.node),
        ),
    );
    if (line !== undefined) return met(line.text.trim(), line);
    const gap = timeline.value.gaps.find((one) => one.what === 'log' && (one.node === null || one.node === spec.node));
    if (gap !== undefined) return unknown(`lines may have been lost (${gap.reason}).`);
    return unmet(
      'a LOG rule counted packets, but the kernel log has no such line',
      `A LOG rule with that prefix counted packets on ${spec.node}, but no line "${spec.prefix}..." of the kernel came with it. Was it limited, or logged at another prefix?`,
    );
  },
});

/** Every state that the learner made or worked in, and now. */
function momentsWithNow(moment: Moment): Moment[] {
  const { timeline } = moment.evidence;
  if ('failure' in timeline) return [moment];
  const { states } = timeline.value;
  return [
    ...states.flatMap((state, index): Moment[] =>
      state.provisioning
        ? []
        : [
            {
              ...moment,
              nodes: { value: state.nodes },
              state: state.index,
              from: state.time,
              to: states[index + 1]?.time ?? moment.evidence.time,
            },
          ],
    ),
    { ...moment, nodes: moment.evidence.now, state: null },
  ];
}

function loggedAt(
  moment: Moment,
  spec: { node: string; prefix: string; table?: string | undefined; chain?: string | undefined },
): boolean {
  const at = nodeAt(moment.nodes, spec.node, 'iptables');
  if ('unknown' in at) return false;
  return [...placedRules(at.snapshot), ...placedOwnRules(at.snapshot)].some(
    ({ rule, family, table, chain }) =>
      logsWith(rule.action, spec.prefix) &&
      (spec.table === undefined || spec.table === table) &&
      (spec.chain === undefined || spec.chain === chain) &&
      learnerPackets(moment, { node: spec.node, family, table, chain }, rule) > 0,
  );
}

/** IN=, OUT=, SRC= and DST= of the line agree with the node: its interfaces, and one of its addresses unless the packet was forwarded. */
function ofNode(text: string, moment: Moment, node: string): boolean {
  const at = nodeAt(moment.nodes, node);
  if ('unknown' in at) return false;
  const field = (name: string) =>
    new RegExp(`(?:^|[\\s"])${name}=(\\S*)`).exec(text.slice(Math.max(0, text.indexOf('IN='))))?.[1] ?? '';
  const interfaces = [field('IN'), field('OUT')].filter((name) => name !== '');
  if (interfaces.length === 0 || !interfaces.every((name) => hasInterface(at.snapshot, name))) return false;
  if (interfaces.length === 2) return true;
  const local = new Set(at.snapshot.addresses.map((one) => one.address));
  const isOwn = (address: string) => local.has(address) || address.startsWith('127.') || local.size === 0;
  return field('IN') === '' ? isOwn(field('SRC')) || field('DST') !== '' : true;
}

const hasInterface = (snapshot: NodeSnapshot, name: string): boolean =>
  name === 'lo' || snapshot.links.length === 0 || snapshot.links.some((link) => link.name === name);
