/** Generates rulesets and packets, has the kernel and the simulator answer, and shrinks where they disagree. */

import fc from 'fast-check';
import { compareRulesets, parseSave, type Ruleset, RulesetSyntaxError } from '../../../engine/netfilter/index.ts';
import { type Counterexample, describeCounterexample } from './counterexample.ts';
import { packet } from './generate-packets.ts';
import { asksOutside, type GeneratedRuleset, ruleset, rulesetText } from './generate-rules.ts';
import { type HostKind, hostKinds, type Variant, variantName } from './host.ts';
import { judge, type Observed, observe } from './judge.ts';
import type { NodeUnderTest } from './kernel.ts';
import { packetJob, type TestPacket } from './test-packet.ts';

export interface Tally {
  /** A packet through a ruleset, once in the kernel and once in the simulator. */
  pairs: number;
  rulesets: number;
  /** Pairs where the simulator knew several outcomes, the kernel's among them. */
  unknown: number;
  /** Rulesets that iptables-restore did not take. */
  refused: number;
  /** Disagreements that did not come again with the same ruleset and packet. */
  unsteady: number;
  disagreements: number;
  /** Of the pairs: how they ended, and what they went through. */
  accepted: number;
  rejected: number;
  /** nat changed an address or a port. */
  translated: number;
  /** A rule in a chain of the user's matched. */
  inOwnChains: number;
  established: number;
  invalid: number;
  untracked: number;
}

export const emptyTally = (): Tally => ({
  pairs: 0,
  rulesets: 0,
  unknown: 0,
  refused: 0,
  unsteady: 0,
  disagreements: 0,
  accepted: 0,
  rejected: 0,
  translated: 0,
  inOwnChains: 0,
  established: 0,
  invalid: 0,
  untracked: 0,
});

function count(tally: Tally, packet: TestPacket, { end, left, matched, state }: Observed): void {
  tally.pairs++;
  if (end === 'accept') tally.accepted++;
  if (end === 'answered') tally.rejected++;
  const keys = ['src', 'dst', 'sport', 'dport'] as const;
  if (left !== null && keys.some((key) => left[key] !== packet[key])) tally.translated++;
  if (Object.keys(matched).some((name) => !/ [A-Z]+ \d+$/.test(name))) tally.inOwnChains++;
  if (state === 'ESTABLISHED' || state === 'RELATED') tally.established++;
  if (state === 'INVALID') tally.invalid++;
  if (state === 'UNTRACKED') tally.untracked++;
}

export interface CampaignOptions {
  readonly seed: number;
  /** Milliseconds, a running shrink included. */
  readonly time: number;
  readonly signal?: AbortSignal;
  /** Whether to go on after a counterexample. */
  readonly keepGoing?: boolean;
  /** Longest time that fast-check spends on making a counterexample smaller, in milliseconds. */
  readonly shrinking?: number;
  /** Rules whose text it finds are left out. */
  readonly without?: RegExp;
}

export interface Case {
  readonly kind: HostKind;
  readonly rules: GeneratedRuleset;
  readonly packets: readonly TestPacket[];
}

const cases = (variant: Variant): fc.Arbitrary<Case> =>
  fc.record({
    kind: fc.oneof(
      { weight: 3, arbitrary: fc.constant('router' as const) },
      { weight: 2, arbitrary: fc.constantFrom(...hostKinds) },
    ),
    rules: ruleset(variant.family),
    packets: fc.array(packet(variant.family), { minLength: 1, maxLength: 16, size: 'max' }),
  });

/** How many cases one seed of fast-check makes; then the next seed, so that a time limit ends between two. */
const casesOfSeed = 10;

/** Runs one node until the time is over or a counterexample is found. */
export async function runCampaign(
  node: NodeUnderTest,
  tally: Tally,
  options: CampaignOptions,
): Promise<Counterexample[]> {
  const until = performance.now() + options.time;
  const found: Counterexample[] = [];
  for (let round = 0; performance.now() < until && options.signal?.aborted !== true; round++) {
    const counterexample = await runSeed(node, tally, options, (options.seed + round * 7919) | 0, until);
    if (counterexample === null) continue;
    found.push(counterexample);
    tally.disagreements++;
    if (options.keepGoing !== true) break;
  }
  return found;
}

async function runSeed(
  node: NodeUnderTest,
  tally: Tally,
  options: CampaignOptions,
  seed: number,
  until: number,
): Promise<Counterexample | null> {
  let smallest: { readonly one: Case; readonly counterexample: Counterexample } | null = null;
  let enough = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(cases(node.variant), async (drawn) => {
    if (performance.now() > (smallest === null ? until : enough) || options.signal?.aborted === true) return;
    const one = options.without === undefined ? drawn : leaveOut(drawn, options.without);
    const counterexample = await runCase(node, one, seed, smallest === null ? tally : emptyTally());
    if (counterexample === null) return;
    smallest = { one, counterexample };
    enough = Math.min(enough, performance.now() + (options.shrinking ?? 5_000));
    throw new Error('disagreement');
  });
  await fc.check(property, { seed, numRuns: casesOfSeed });
  return smallest === null ? null : minimise(smallest, (one) => runCase(node, one, seed, emptyTally()), options.signal);
}

const leaveOut = (one: Case, what: RegExp): Case => ({
  ...one,
  rules: {
    ...one.rules,
    rules: one.rules.rules.filter(
      (rule) => !what.test([...rule.matches.map(({ text }) => text), rule.target].join(' ')),
    ),
  },
});

type Failing = { readonly one: Case; readonly counterexample: Counterexample };

/** fast-check is done when no single draw gets smaller; rules and matches that do not matter go here. */
async function minimise(
  failing: Failing,
  check: (one: Case) => Promise<Counterexample | null>,
  signal?: AbortSignal,
): Promise<Counterexample> {
  let best = failing;
  for (let round = 0; round < 400 && signal?.aborted !== true; ) {
    let smaller: Failing | null = null;
    for (const one of smallerCases(best.one, best.counterexample.packet)) {
      if (++round >= 400) break;
      const counterexample = await check(one);
      if (counterexample === null) continue;
      smaller = { one, counterexample };
      break;
    }
    if (smaller === null) break;
    best = smaller;
  }
  return best.counterexample;
}

function* smallerCases(one: Case, packet: TestPacket | null): Generator<Case> {
  const { rules, dropping } = one.rules;
  const withRules = (changed: typeof rules): Case => ({ ...one, rules: { rules: changed, dropping } });
  if (packet !== null && one.packets.length > 1) yield { ...one, packets: [packet] };
  if (dropping.length > 0) yield { ...one, rules: { rules, dropping: [] } };
  if (rules.length > 4) {
    yield withRules(rules.slice(0, rules.length / 2));
    yield withRules(rules.slice(rules.length / 2));
  }
  for (const index of rules.keys()) yield withRules(rules.filter((_, at) => at !== index));
  for (const [index, rule] of rules.entries()) {
    for (const without of rule.matches.keys()) {
      const fewer = { ...rule, matches: rule.matches.filter((_, at) => at !== without) };
      yield withRules(rules.map((old, at) => (at === index ? fewer : old)));
    }
  }
  if (one.kind !== 'router') yield { ...one, kind: 'router' };
}

async function runCase(node: NodeUnderTest, one: Case, seed: number, tally: Tally): Promise<Counterexample | null> {
  const { family, backend } = node.variant;
  if (one.packets.length === 0) return null;
  const text = rulesetText(one.rules);
  const outside = asksOutside(one.rules);
  const state = node.states.get(one.kind);
  if (state === undefined) throw new Error(`there is no host of the kind ${one.kind}`);
  const about = { variant: node.variant, hostKind: one.kind, ruleset: text, outside, state, seed };
  const answer = await node.run(
    one.kind,
    text,
    one.packets.map((packet) => packetJob(packet, family)),
  );
  if ('refused' in answer) {
    tally.refused++;
    if (tally.rulesets > 0) lastRefusal.set(variantName(node.variant), refusalText(answer.refused, text));
    return null;
  }
  tally.rulesets++;
  const parsed = readBoth(text, answer.saved, node.variant);
  if (typeof parsed === 'string') return { ...about, packet: null, observed: null, disagreements: [parsed] };
  for (const [index, packet] of one.packets.entries()) {
    const seen = answer.packets[index];
    if (seen === undefined) continue;
    const question = { ruleset: text, family, backend, state, packet, outside };
    const observed = observe(packet, seen, answer.saved, backend === 'nft');
    const { disagreements, unknown } = judge(question, observed, parsed);
    count(tally, packet, observed);
    if (unknown) tally.unknown++;
    if (disagreements.length === 0) continue;
    const again = await node.run(one.kind, text, [packetJob(packet, family)]);
    const repeated = 'packets' in again ? again.packets[0] : undefined;
    if (
      repeated === undefined ||
      judge(question, observe(packet, repeated, answer.saved, backend === 'nft'), parsed).disagreements.length === 0
    ) {
      tally.unsteady++;
      lastUnsteady.set(
        variantName(node.variant),
        describeCounterexample({ ...about, packet, observed, disagreements }),
      );
      continue;
    }
    return { ...about, packet, observed, disagreements };
  }
  return null;
}

/** What was last refused, for the report. */
export const lastRefusal = new Map<string, string>();

/** What last disagreed only once, for the report. */
export const lastUnsteady = new Map<string, string>();

function refusalText(complaint: string, ruleset: string): string {
  const line = /line:? (\d+)/.exec(complaint)?.[1];
  return `${complaint}${line === undefined ? '' : `\n  ${ruleset.split('\n')[Number(line) - 1]}`}`;
}

/** The ruleset as typed; a text when what the kernel printed of it does not mean the same. */
function readBoth(typed: string, saved: readonly string[], { family, backend }: Variant): Ruleset | string {
  try {
    const ruleset = parseSave(typed, { family, backend });
    const tables = saved.flatMap((line, index) => (index > 0 && line.startsWith('*') ? ['COMMIT', line] : [line]));
    const printed = parseSave(`${[...tables, 'COMMIT'].join('\n')}\n`, { family, backend });
    const comparison = compareRulesets(ruleset, printed);
    return comparison.same ? ruleset : `the kernel prints another ruleset: ${JSON.stringify(comparison.differences)}`;
  } catch (error) {
    if (error instanceof RulesetSyntaxError) return `not read: ${error.message}`;
    throw error;
  }
}
