/** Rules that no packet can ever match, and why: their own conditions, the rules before them, or the way to their chain. */

import type { Condition, Rule } from '../model.ts';
import { ruleSet } from './condition-sets.ts';
import { conditionText } from './condition-text.ts';
import { type Node, none } from './diagrams.ts';
import { allPackets, domainOf } from './domains.ts';
import { type Finding, rulesPhrase } from './finding.ts';
import { basesOf, causePhrase, findingOf, referencesTo, referenceTo, type Subject, witnessOf } from './subject.ts';
import type { ChainFlow, RuleFlow } from './table-flow.ts';
import { fewest, type Taker, takersOf } from './takers.ts';

export function findDeadRules(subject: Subject): Finding[] {
  return subject.flow.chains.flatMap((chain) => ofChain(subject, chain));
}

function ofChain(subject: Subject, chain: ChainFlow): Finding[] {
  const { d } = subject.space;
  const findings: Finding[] = [];
  const [entered = none] = chain.reached;
  const isCalled = chain.isBuiltin || entered !== none;
  let cut: number | null = null;
  for (const [index, one] of chain.rules.entries()) {
    const here = chain.reached[index] ?? none;
    if (d.meets(here, one.set)) continue;
    const own = neverMatches(subject, chain, index, one);
    if (own !== null) {
      findings.push(own);
      continue;
    }
    // A chain that is never entered is one finding, not one for each rule.
    if (!isCalled) continue;
    if (here === none) cut ??= index;
    else findings.push(shadowed(subject, chain, index, one));
  }
  if (!isCalled && chain.callers.length > 0 && chain.rules.length > 0) findings.push(neverEntered(subject, chain));
  if (cut !== null) findings.push(cutOff(subject, chain, cut));
  return findings;
}

/** Its conditions exclude each other, or exclude every packet of the hooks that its chain is called from. */
function neverMatches(subject: Subject, chain: ChainFlow, index: number, one: RuleFlow): Finding | null {
  const { space, flow } = subject;
  const { d } = space;
  const universe = allPackets(space);
  const bases = basesOf(chain);
  const visible = bases.map((base) => domainOf(space, flow.table.name, base.name)).reduce((a, b) => d.or(a, b), none);
  const itself = !d.meets(universe, one.set);
  if (!itself && (bases.length === 0 || d.meets(visible, one.set))) return null;
  const culprits = fewestConditions(subject, one.rule, itself ? universe : visible);
  const text = culprits.map(conditionText).join(' and ');
  const hooks = [...new Set(bases.map((base) => base.name))].join(' and ');
  const message = itself
    ? `No packet can match it: ${text} ${culprits.length > 1 ? 'exclude each other' : 'excludes everything'}.`
    : `No packet can match it: in ${flow.table.name} ${hooks} no packet meets ${text}.`;
  return findingOf(subject, { code: 'never-matches', severity: 'error', chain, rules: [index], message });
}

/** Conditions that exclude everything together, of which none can be left out. */
function fewestConditions({ space, flow }: Subject, rule: Rule, universe: Node): Condition[] {
  let kept = rule.conditions.filter((condition) => condition.kind !== 'comment');
  for (const condition of [...kept]) {
    const others = kept.filter((one) => one !== condition);
    if (!space.d.meets(universe, ruleSet(space, { ...rule, conditions: others }, { table: flow.table.name })))
      kept = others;
  }
  return kept;
}

function neverEntered(subject: Subject, chain: ChainFlow): Finding {
  const calls = chain.callers.map(({ from, index }) => referenceTo(subject, from, index));
  const message = `Chain ${chain.name} is never entered: no packet comes to ${causePhrase(calls, '')} and matches.`;
  const rules = chain.rules.map((_, index) => index);
  return findingOf(subject, { code: 'unreachable', severity: 'warning', chain, rules, causes: calls, message });
}

/** Nothing is left from this rule on. */
function cutOff(subject: Subject, chain: ChainFlow, from: number): Finding {
  const [entered = none] = chain.reached;
  const last = chain.rules[from - 1];
  const rules = chain.rules.flatMap((_, index) => (index < from ? [] : [index]));
  const takesAll = last?.sure && subject.space.d.within(entered, last.set);
  const causes = takesAll
    ? [referenceTo(subject, chain, from - 1)]
    : referencesTo(subject, fewest(subject.flow, chain, entered, from));
  const taking = causes.length === 1 ? 'takes' : 'take';
  const message = `No packet gets to ${rulesPhrase(rules.map((index) => index + 1))}: ${causePhrase(causes, chain.name)} ${taking} every packet before.`;
  return findingOf(subject, { code: 'unreachable', severity: 'warning', chain, rules, causes, message });
}

function shadowed(subject: Subject, chain: ChainFlow, index: number, one: RuleFlow): Finding {
  const { space, flow } = subject;
  const { d } = space;
  const [entered = none] = chain.reached;
  const mine = d.and(entered, one.set);
  if (mine !== none) {
    const takers = fewest(flow, chain, mine, index);
    return shadowedBy(subject, chain, index, one, takers, mine);
  }
  // What it could match never enters the chain: either no call sends it there, or rules before the calls take it.
  const takers: Taker[] = [];
  let sent = none;
  for (const { from, index: call } of chain.callers) {
    const set = d.and(d.and(from.reached[0] ?? none, from.rules[call]?.set ?? none), one.set);
    sent = d.or(sent, set);
    takers.push(...takersOf(flow, from, set, 0, call).takers);
  }
  if (sent !== none && takers.length > 0) return shadowedBy(subject, chain, index, one, takers, sent);
  const calls = chain.callers.map(({ from, index: call }) => referenceTo(subject, from, call));
  const message = `No packet that it could match is sent to ${chain.name}: ${causePhrase(calls, '')} sends others.`;
  return findingOf(subject, {
    code: 'never-matches',
    severity: 'warning',
    chain,
    rules: [index],
    causes: calls,
    message,
  });
}

function shadowedBy(
  subject: Subject,
  chain: ChainFlow,
  index: number,
  one: RuleFlow,
  takers: readonly Taker[],
  set: Node,
): Finding {
  const causes = referencesTo(subject, takers);
  const same = takers.every((taker) => sameEnd(one, taker.flow.rules[taker.index]));
  const what = takers.length === 1 ? 'takes' : 'together take';
  const end = one.effect.kind === 'end' && same ? ', with the same verdict' : '';
  const message = `It never takes a packet: ${causePhrase(causes, chain.name)} ${what} all that it could match${end}.`;
  const witness = witnessOf(subject, chain, set, ({ walk }) => {
    const mine = walk.some((step) => step.chain === chain.name && step.rule === index + 1 && step.matched !== false);
    const taken = walk.some((step) =>
      causes.some((cause) => cause.chain === step.chain && cause.rule === step.rule && step.matched === true),
    );
    return !mine && taken;
  });
  const severity = same || one.effect.kind !== 'end' ? 'warning' : 'error';
  return findingOf(subject, { code: 'shadowed', severity, chain, rules: [index], causes, message, witness });
}

function sameEnd(one: RuleFlow, other: RuleFlow | undefined): boolean {
  if (one.effect.kind !== 'end') return one.effect.kind === other?.effect.kind;
  return other?.effect.kind === 'end' && other.effect.ending.key === one.effect.ending.key;
}
