/** Rules that no packet can ever match, and why: their own conditions, the rules before them, or the way to their chain. */

import type { Condition, Rule } from '../model.ts';
import { ruleSet } from './condition-sets.ts';
import { conditionText } from './condition-text.ts';
import { type Node, none } from './diagrams.ts';
import { allPackets } from './domains.ts';
import type { Finding } from './finding.ts';
import { basesOf, causePhrase, findingOf, referencesTo, referenceTo, type Subject, witnessOf } from './subject.ts';
import type { ChainFlow, RuleFlow } from './table-flow.ts';
import { fewest, type Taker, takersOf } from './takers.ts';
import { type Unit, unitSet, unitsOf } from './units.ts';

export function findDeadRules(subject: Subject): Finding[] {
  return subject.flow.chains.flatMap((chain) => ofChain(subject, chain));
}

function ofChain(subject: Subject, chain: ChainFlow): Finding[] {
  const { d } = subject.space;
  const findings: Finding[] = [];
  const [entered = none] = chain.reached;
  const isCalled = chain.base !== null || entered !== none;
  let cut: number | null = null;
  for (const unit of unitsOf(chain)) {
    const { from, parts } = unit;
    if (parts.some((one, at) => d.meets(chain.reached[from + at] ?? none, one.set))) continue;
    const own = parts.map((one, at) => neverMatches(subject, chain, from + at, one));
    const [first] = own;
    if (first != null && !own.includes(null)) {
      findings.push(first);
      continue;
    }
    // A chain that is never entered is one finding, not one for each rule.
    if (!isCalled) continue;
    if (chain.reached[from] === none) cut ??= from;
    else findings.push(shadowed(subject, chain, unit));
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
  const visible = bases.map((base) => flow.domain(base)).reduce((a, b) => d.or(a, b), none);
  const itself = !d.meets(universe, one.set);
  if (!itself && (bases.length === 0 || d.meets(visible, one.set))) return null;
  const culprits = fewestConditions(subject, chain, one.rule, itself ? universe : visible);
  const text = culprits.map(conditionText).join(' and ');
  const hooks = [...new Set(bases.map((base) => base.name))].join(' and ');
  const message = itself
    ? `No packet can match it: ${text} ${culprits.length > 1 ? 'exclude each other' : 'excludes everything'}.`
    : `No packet can match it: in ${flow.table.name} ${hooks} no packet meets ${text}.`;
  return findingOf(subject, { code: 'never-matches', severity: 'error', chain, rules: [index], message });
}

/** Conditions that exclude everything together, of which none can be left out. */
function fewestConditions({ space, flow }: Subject, chain: ChainFlow, rule: Rule, universe: Node): Condition[] {
  let kept = rule.conditions.filter((condition) => condition.kind !== 'comment');
  for (const condition of [...kept]) {
    const others = kept.filter((one) => one !== condition);
    if (!space.d.meets(universe, ruleSet(space, { ...rule, conditions: others }, flow.asking(chain)))) kept = others;
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
  const message = `No packet gets there: ${causePhrase(causes, chain.name)} ${taking} every packet before.`;
  return findingOf(subject, { code: 'unreachable', severity: 'warning', chain, rules, causes, message });
}

function shadowed(subject: Subject, chain: ChainFlow, unit: Unit): Finding {
  const { space, flow } = subject;
  const { d } = space;
  const [entered = none] = chain.reached;
  const asked = unitSet(space, unit);
  const mine = d.and(entered, asked);
  if (mine !== none) {
    const takers = fewest(flow, chain, mine, unit.from);
    return shadowedBy(subject, chain, unit, takers, mine);
  }
  // What it could match never enters the chain: either no call sends it there, or rules before the calls take it.
  const takers: Taker[] = [];
  let sent = none;
  for (const { from, index: call } of chain.callers) {
    const set = d.and(d.and(from.reached[0] ?? none, from.rules[call]?.set ?? none), asked);
    sent = d.or(sent, set);
    takers.push(...takersOf(flow, from, set, 0, call).takers);
  }
  if (sent !== none && takers.length > 0) return shadowedBy(subject, chain, unit, takers, sent);
  const calls = chain.callers.map(({ from, index: call }) => referenceTo(subject, from, call));
  const message = `No packet that it could match is sent to ${chain.name}: ${causePhrase(calls, '')} sends others.`;
  return findingOf(subject, {
    code: 'never-matches',
    severity: 'warning',
    chain,
    rules: [unit.from],
    causes: calls,
    message,
  });
}

function shadowedBy(
  subject: Subject,
  chain: ChainFlow,
  { from, parts }: Unit,
  takers: readonly Taker[],
  set: Node,
): Finding {
  const causes = referencesTo(subject, takers);
  // Of one that logs and decides what it decides.
  const deciding = parts.filter(({ effect }) => effect.kind !== 'pass');
  const ends = deciding.some(({ effect }) => effect.kind === 'end');
  const same = (deciding.length > 0 ? deciding : parts).every((one) =>
    takers.every((taker) => sameEnd(one, taker.flow.rules[taker.index])),
  );
  const what = causes.length === 1 ? 'takes' : 'together take';
  const end = ends && same ? ', with the same verdict' : '';
  const message = `It never takes a packet: ${causePhrase(causes, chain.name)} ${what} all that it could match${end}.`;
  const witness = witnessOf(subject, chain, set, ({ walk }) => {
    const [one] = parts;
    const mine = walk.some((step) => step.chain === chain.name && step.rule === one?.number && step.matched !== false);
    const taken = walk.some((step) =>
      causes.some((cause) => cause.chain === step.chain && cause.rule === step.rule && step.matched === true),
    );
    return !mine && taken;
  });
  const severity = same || !ends ? 'warning' : 'error';
  return findingOf(subject, { code: 'shadowed', severity, chain, rules: [from], causes, message, witness });
}

function sameEnd(one: RuleFlow, other: RuleFlow | undefined): boolean {
  if (one.effect.kind !== 'end') return one.effect.kind === other?.effect.kind;
  return other?.effect.kind === 'end' && other.effect.ending.key === one.effect.ending.key;
}
