import { z } from 'zod';
import { isBuiltinChain, logsWith, verdictWords } from '../../netfilter/index.ts';
import type { Rule } from '../../netfilter/model.ts';
import type { NodeSnapshot } from '../../observe/snapshot.ts';
import { defineCheck, type Finding, type Moment, met, nodeAt, restingOn, unknown, unmet } from '../check.ts';
import { learnerPackets } from '../learner-counters.ts';
import { isWithin } from '../networks.ts';
import { neverPassed } from '../never-passed.ts';
import { overtaken } from '../never-reached.ts';
import { packetWords } from '../packet-words.ts';
import { chainsOf, unreadableTable } from '../rulesets-of.ts';
import * as part from '../schema-parts.ts';
import { decidingStep, familyOfPacket, simulateAt, type Walked, type WalkedStep, walkFor } from '../walk.ts';

const place = z.strictObject({ table: part.table, chain: part.chain });
const expected = z.enum(['accept', 'drop', 'reject', 'continue']);

const schema = z
  .strictObject({
    node: part.node,
    hook: part.hook.optional(),
    /** Begins in this chain instead of at a hook; `continue` then means that the chain lets the packet go on. */
    from: place.optional(),
    packet: part.packetText,
    /** One of these. */
    expect: z.union([expected, z.array(expected).min(1)]).optional(),
    /** How the packet leaves: what was not rewritten counts as it was. */
    rewrites: z
      .strictObject({
        src: part.network.optional(),
        dst: part.network.optional(),
        sport: part.port.optional(),
        dport: part.port.optional(),
      })
      .optional(),
    /** Nothing of it may be rewritten. */
    untouched: z.literal(true).optional(),
    /** It meets a LOG rule with this prefix before its way ends. */
    logged: z.string().optional(),
    /** Its way passes this chain. */
    through: part.chain.optional(),
    decidedIn: place.optional(),
    notDecidedIn: place.optional(),
    /** `moved`: the rules that matched it and logged, rewrote or decided it have counted packets of the learner's. */
    counters: part.counters.optional(),
  })
  .refine((spec) => (spec.hook === undefined) !== (spec.from === undefined), {
    message: 'Expected exactly one of `hook` and `from`.',
    path: ['hook'],
  })
  .refine(
    (spec) =>
      [
        spec.expect,
        spec.rewrites,
        spec.untouched,
        spec.logged,
        spec.through,
        spec.decidedIn,
        spec.notDecidedIn,
        spec.counters,
      ].some((one) => one !== undefined),
    { message: 'Expected something to be asked for: `expect`, `rewrites`, `logged`, `through` ...', path: ['expect'] },
  );
type Spec = z.output<typeof schema>;

export default defineCheck({
  type: 'verdict',
  schema,
  describe(spec) {
    const where = spec.from === undefined ? `at ${spec.hook}` : `in ${spec.from.table} ${spec.from.chain}`;
    const rewritten = Object.entries(spec.rewrites ?? {}).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key} ${value}`],
    );
    const asked = [
      spec.expect === undefined
        ? []
        : [
            `is ${[spec.expect]
              .flat()
              .map((one) => verdictWords[one])
              .join(' or ')}`,
          ],
      rewritten.length === 0 ? [] : [`leaves with ${rewritten.join(', ')}`],
      spec.untouched === undefined ? [] : ['is not rewritten'],
      spec.logged === undefined ? [] : [`is logged with "${spec.logged}"`],
      spec.through === undefined ? [] : [`passes ${spec.through}`],
      spec.decidedIn === undefined ? [] : [`is decided in ${spec.decidedIn.table} ${spec.decidedIn.chain}`],
      spec.notDecidedIn === undefined
        ? []
        : [`is not decided in ${spec.notDecidedIn.table} ${spec.notDecidedIn.chain}`],
      spec.counters === undefined ? [] : ['was counted by the rules that it matches'],
    ].flat();
    return `${packetWords(spec.packet)} ${where} of ${spec.node} ${asked.join(', ')}`;
  },
  needs: (spec) => ({ nodes: [spec.node], timeline: spec.counters !== undefined }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'iptables');
    if ('unknown' in at) return at.unknown;
    const missing = missingChain(at.snapshot, spec);
    if (missing !== null) return missing;
    const walked = simulateAt(at.snapshot, spec);
    if ('failure' in walked) return unknown(walked.failure);
    return restingOn(walkFor(spec.node, spec.packet, walked), judgeWalk(spec, moment, walked));
  },
});

/** A way cannot begin in a chain that is not there: that is no unknown, and asks nothing of the simulator. */
function missingChain(snapshot: NodeSnapshot, { from, packet, node }: Spec): Finding | null {
  if (from === undefined) return null;
  const family = familyOfPacket(packet);
  const unreadable = unreadableTable(snapshot, family, from.table);
  if (unreadable !== null) return unknown(unreadable);
  if (isBuiltinChain(from.table, from.chain) || chainsOf(snapshot, family, from.table, from.chain).length > 0)
    return null;
  return unmet(`no chain ${from.chain}`, `There is no chain ${from.chain} in ${from.table} of ${node}.`);
}

/** One thing that is asked of a way: what was found, and whether that is right; null where it cannot be known. */
interface Aspect {
  readonly right: boolean | null;
  readonly found: string;
}

function judgeWalk(spec: Spec, moment: Moment, walked: Walked): Finding {
  const aspects = aspectsOf(spec, moment, walked);
  const actual = `it ${aspects.map((one) => one.found).join(', ')}`;
  const wrong = aspects.filter((one) => one.right === false).map((one) => one.found);
  if (wrong.length > 0) {
    const mine = overtakenBy(spec, moment);
    return unmet(actual, `It ${wrong.join(', and it ')}. ${walked.explained}${mine === null ? '' : ` ${mine}`}`);
  }
  const doubt = aspects.find((one) => one.right === null);
  if (doubt !== undefined) {
    const why = walked.unknown.join('; ') || `it ${doubt.found}`;
    return unknown(`${why}. ${walked.explained}`);
  }
  return met(actual);
}

/** A rule of the learner's that would have done what is asked for and comes too late, or stands where the packet never comes by. */
function overtakenBy(spec: Spec, moment: Moment): string | null {
  const at = nodeAt(moment.nodes, spec.node, 'iptables');
  if ('unknown' in at || (spec.expect === undefined && spec.rewrites === undefined)) return null;
  // Counters have nothing to do with where a rule stands.
  const { counters: _counters, ...asked } = spec;
  const isWanted = (walked: Walked) => aspectsOf(asked, moment, walked).every(({ right }) => right === true);
  const family = familyOfPacket(spec.packet);
  return overtaken(at.snapshot, family, spec, isWanted) ?? neverPassed(at.snapshot, family, spec, isWanted);
}

function aspectsOf(spec: Spec, moment: Moment, walked: Walked): Aspect[] {
  const aspects: Aspect[] = [];
  const ask = (right: boolean | null, found: string) => aspects.push({ right, found });
  // What the simulator could not know is unknown as long as it could have turned out right.
  const sure = walked.verdict !== 'unknown';
  const orDoubt = (right: boolean) => (right ? true : sure ? false : null);

  if (spec.expect !== undefined) {
    const asked = [spec.expect].flat();
    ask(sure ? asked.some((one) => one === walked.verdict) : null, `is ${verdictWords[walked.verdict]}`);
  }
  for (const key of ['src', 'dst', 'sport', 'dport'] as const) {
    const wanted = spec.rewrites?.[key];
    if (wanted === undefined) continue;
    const left = walked.left[key];
    const right = left === null ? false : typeof wanted === 'number' ? left === wanted : isWithin(String(left), wanted);
    ask(orDoubt(right), `leaves with ${key} ${left ?? 'none'}`);
  }
  if (spec.untouched) {
    const changed = Object.entries(walked.rewrites).map(([key, value]) => `${key} ${String(value)}`);
    if (changed.length > 0) ask(false, `is rewritten to ${changed.join(', ')}`);
    else ask(sure ? true : null, 'is not rewritten');
  }
  if (spec.logged !== undefined) {
    const prefix = spec.logged;
    const log = walked.walk.filter(
      (step) => step.matched !== false && step.of !== undefined && logsWith(step.of.action, prefix),
    );
    // A LOG rule with a limit logs the first packets and not the rest: nobody can say for this one.
    const right = log.some((step) => step.matched) ? true : log.length > 0 ? null : orDoubt(false);
    ask(right, `meets ${right === false ? 'no' : 'a'} LOG rule with the prefix "${prefix}"`);
  }
  if (spec.through !== undefined) {
    const right = orDoubt(walked.walk.some((step) => step.chain === spec.through));
    ask(right, right === false ? `does not pass ${spec.through}` : `passes ${spec.through}`);
  }
  const decided = decidingStep(walked);
  const isIn = (asked: { table: string; chain: string }) =>
    decided?.table === asked.table && decided.chain === asked.chain;
  const decidedText =
    decided === undefined ? 'is decided by no rule' : `is decided in ${decided.table} ${decided.chain}`;
  if (spec.decidedIn !== undefined) ask(sure ? isIn(spec.decidedIn) : null, decidedText);
  if (spec.notDecidedIn !== undefined) ask(sure ? !isIn(spec.notDecidedIn) : null, decidedText);
  if (spec.counters !== undefined) aspects.push(...countersOf(spec, spec.counters, moment, walked, orDoubt));
  return aspects;
}

function countersOf(
  spec: Spec,
  asked: part.CountersSpec,
  moment: Moment,
  walked: Walked,
  orDoubt: (right: boolean) => boolean | null,
): Aspect[] {
  const passed = walked.walk.filter((step) => step.matched !== false && step.rule > 0);
  if (passed.length === 0) return [{ right: orDoubt(false), found: 'matches no rule that could count it' }];
  return passed.flatMap((step): Aspect[] => {
    const packets = countedBy(spec, moment, step);
    if (packets === null) return [];
    const place = `${step.table} ${step.chain} rule ${step.rule}`;
    const enough = packets >= part.leastPackets(asked);
    // What it counted it has matched; whether this packet was to be counted there is not known.
    if (step.matched === null && !enough) return [{ right: null, found: `perhaps matches ${place}` }];
    if (step.of?.counters === null && step.of.origin === 'nft')
      return [{ right: false, found: `matches a rule of nft that has no counter (${place})` }];
    return [{ right: enough, found: `was counted ${packets} times by ${place}` }];
  });
}

/** Packets of a rule that logged, rewrote or decided the packet; null for a policy, a jump and other ways through. */
function countedBy(spec: Spec, moment: Moment, { table, chain, of: rule }: WalkedStep): number | null {
  if (rule === undefined || !counts(rule)) return null;
  return learnerPackets(moment, { node: spec.node, family: familyOfPacket(spec.packet), table, chain }, rule);
}

/** It logs, rewrites or decides. */
const counts = (rule: Rule): boolean => !['jump', 'goto', 'return', 'none'].includes(rule.action.kind);
