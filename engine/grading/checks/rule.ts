import { z } from 'zod';
import { parseRule, printRule, sameRule } from '../../netfilter/index.ts';
import type { Rule } from '../../netfilter/model.ts';
import { defineCheck, type Finding, type Moment, met, nodeAt, restingOn, unknown, unmet } from '../check.ts';
import { learnerPackets } from '../learner-counters.ts';
import { nearRules, nearText } from '../near-rules.ts';
import { seemsNeverReached, whyNeverReached } from '../never-reached.ts';
import { isReached } from '../reached.ts';
import { chainsOf, couldBe, placedRules, unreadableTable } from '../rulesets-of.ts';
import * as part from '../schema-parts.ts';

const schema = z.strictObject({
  node: part.node,
  family: part.family,
  table: part.table,
  chain: part.chain,
  /** Compared by meaning: any rule that matches the same packets and does the same. */
  spec: part.ruleSpec,
  exists: z.boolean().default(true),
  /** Packets that the rule counted by the learner's doing. */
  counters: part.counters.optional(),
  /** A packet that the rule matches gets to it: no rule before it takes them all. */
  reached: z.boolean().optional(),
});
type Spec = z.output<typeof schema>;

export default defineCheck({
  type: 'rule',
  schema,
  describe(spec) {
    const place = `${spec.table} ${spec.chain} of ${spec.node}`;
    if (!spec.exists) return `no rule "${spec.spec}" in ${place}`;
    const counted =
      spec.counters === undefined ? '' : `, that counted ${part.leastPackets(spec.counters)} packet(s) or more`;
    const reached = spec.reached === undefined ? '' : `, that packets ${spec.reached ? 'get to' : 'do not get to'}`;
    return `a rule "${spec.spec}" in ${place}${counted}${reached}`;
  },
  needs: (spec) => ({ nodes: [spec.node], timeline: spec.counters !== undefined }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'iptables');
    if ('unknown' in at) return at.unknown;
    const unreadable = unreadableTable(at.snapshot, spec.family, spec.table);
    if (unreadable !== null) return unknown(unreadable);
    const wanted = parseRule(spec.spec, spec.family);
    const chains = chainsOf(at.snapshot, spec.family, spec.table, spec.chain);
    const found = chains.flatMap((chain) =>
      chain.rules.flatMap((rule, index) => (sameRule(rule, wanted) ? [{ rule, number: index + 1 }] : [])),
    );
    const doubtful = chains.some((chain) => chain.rules.some((rule) => couldBe(rule, wanted)));
    const place = `${spec.table} ${spec.chain}`;
    if (found.length === 0) {
      if (doubtful) return unknown(`a rule of ${place} came and went too fast for its parameters to be read.`);
      if (!spec.exists) return met(`no such rule in ${place}`);
      const near = nearRules(wanted, spec, placedRules(at.snapshot, [spec.family]));
      return unmet(
        `no such rule in ${place}`,
        `No rule of ${place} on ${spec.node} does what "${spec.spec}" does.${nearText(near)}`,
        { near, rules: chains.flatMap((chain) => chain.rules.map(printRule)) },
      );
    }
    if (!spec.exists) {
      const numbers = found.map((one) => one.number).join(', ');
      return unmet(`rule ${numbers} of ${place}`, `The rule is still there: ${place} rule ${numbers} on ${spec.node}.`);
    }
    const findings = found.map((one) => judgeFound(spec, moment, one));
    return (
      findings.find((one) => one.outcome === 'met') ??
      findings.find((one) => one.outcome === 'unknown') ??
      findings[0] ??
      unknown('no rule was judged.')
    );
  },
});

function judgeFound(spec: Spec, moment: Moment, found: { rule: Rule; number: number }): Finding {
  const name = `${spec.table} ${spec.chain} rule ${found.number}`;
  const text = `${name} "${printRule(found.rule)}"`;
  let counted = '';
  if (spec.counters !== undefined) {
    const packets = learnerPackets(moment, spec, found.rule);
    const least = part.leastPackets(spec.counters);
    counted = `, ${packets} packet(s)`;
    if (packets < least) {
      const at = nodeAt(moment.nodes, spec.node, 'iptables');
      const place = { ...spec, number: found.number };
      const never =
        packets > 0 || 'unknown' in at || !seemsNeverReached(at.snapshot, place, found.rule)
          ? null
          : whyNeverReached(at.snapshot, place);
      const why = packets === 0 ? 'No packet has matched it' : `Only ${packets} packet(s) have matched it`;
      return unmet(
        `${text}${counted}`,
        never === null
          ? `${name} on ${spec.node} is right, but its counter is not: ${why}; ${least} or more are asked for.`
          : `${name} on ${spec.node} is right, but it is never reached: ${never}. ${why}; ${least} or more are asked for.`,
      );
    }
  }
  if (spec.reached === undefined) return met(`${text}${counted}`);
  const reached = isReached(moment, { ...spec, number: found.number }, found.rule);
  if ('unknown' in reached) return unknown(reached.unknown);
  if (reached.reached === spec.reached) return restingOn(reached.walk, met(`${text}${counted}`));
  return restingOn(
    reached.walk,
    spec.reached
      ? unmet(text, `${name} on ${spec.node} is right, but it is never reached: ${reached.why}`)
      : unmet(text, `Packets do get to ${name} on ${spec.node}.`),
  );
}
