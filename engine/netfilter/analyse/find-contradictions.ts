/**
 * Pairs of rules with opposite verdicts that share packets though neither is an exception to the other: their order alone decides. ("Correlated"
 * in E. Al-Shaer and H. Hamed, "Firewall Policy Advisor for Anomaly Discovery and Rule Editing", 2003.)
 */

import type { Condition } from '../model.ts';
import { none } from './diagrams.ts';
import type { Finding } from './finding.ts';
import { causePhrase, findingOf, referencesTo, type Subject, witnessOf } from './subject.ts';
import type { ChainFlow, RuleFlow } from './table-flow.ts';

/** More than anybody reads of one chain. */
const mostOfChain = 50;
/** More pairs than are looked at in one chain; rulesets of thousands of rules have them by the million. */
const mostPairs = 500_000;

export function findContradictions(subject: Subject): Finding[] {
  return subject.flow.chains.flatMap((chain) => ofChain(subject, chain));
}

function ofChain(subject: Subject, chain: ChainFlow): Finding[] {
  const { d } = subject.space;
  const findings: Finding[] = [];
  let last = 0;
  const verdicts: { readonly index: number; readonly one: RuleFlow; readonly allows: boolean }[] = [];
  let pairs = 0;
  for (const [index, one] of chain.rules.entries()) {
    const allows = verdictOf(one);
    if (allows === null || !one.sure) continue;
    const here = chain.reached[index] ?? none;
    const lost = d.minus(d.and(chain.reached[0] ?? none, one.set), here);
    if (lost !== none && d.meets(here, one.set)) {
      const opposite = verdicts.filter((other) => other.allows !== allows && sharesTheme(other.one, one));
      pairs += opposite.length;
      const rivals = opposite.filter((other) => {
        const common = d.and(d.and(chain.reached[other.index] ?? none, other.one.set), one.set);
        return common !== none && !d.within(other.one.set, one.set) && !d.within(one.set, other.one.set);
      });
      if (rivals.length > 0 && one.number !== last) {
        last = one.number;
        const places = rivals.map((rival) => rival.index);
        findings.push(contradiction(subject, chain, index, places));
      }
    }
    verdicts.push({ index, one, allows });
    if (findings.length >= mostOfChain || pairs > mostPairs) break;
  }
  return findings;
}

function contradiction(subject: Subject, chain: ChainFlow, index: number, rivals: readonly number[]): Finding {
  const { d } = subject.space;
  const causes = referencesTo(
    subject,
    rivals.map((rival) => ({ flow: chain, index: rival })),
  );
  const mine = chain.rules[index]?.set ?? none;
  const [first = 0] = rivals;
  const common = d.and(d.and(chain.reached[first] ?? none, chain.rules[first]?.set ?? none), mine);
  const takes = causes.length === 1 ? 'takes' : 'take';
  const message = `${causePhrase(causes, chain.name)} ${takes} a part of what it matches, with the opposite verdict: their order decides.`;
  const witness = witnessOf(subject, chain, common, ({ walk }) =>
    walk.some((step) => step.chain === chain.name && step.rule === chain.rules[first]?.number && step.matched === true),
  );
  return findingOf(subject, {
    code: 'contradictory',
    severity: 'note',
    chain,
    rules: [index],
    causes,
    message: message.charAt(0).toUpperCase() + message.slice(1),
    witness,
  });
}

function verdictOf({ effect }: RuleFlow): boolean | null {
  if (effect.kind !== 'end') return null;
  const { verdict } = effect.ending;
  return verdict === 'accept' ? true : verdict === 'drop' || verdict === 'reject' ? false : null;
}

/**
 * Whether both ask for the same of a packet beside protocol, state and interface: `-s BAD -j DROP` before `--dport 22 -j ACCEPT` is how
 * rulesets are built, two overlapping ranges of ports are not.
 */
function sharesTheme(a: RuleFlow, b: RuleFlow): boolean {
  const themes = themesOf(a);
  return [...themesOf(b)].some((theme) => themes.has(theme));
}

const narrow: ReadonlySet<Condition['kind']> = new Set([
  'source',
  'destination',
  'address-range',
  'source-port',
  'destination-port',
  'either-port',
  'icmp-type',
  'mark',
]);

const themesOf = ({ rule }: RuleFlow): Set<string> =>
  new Set(rule.conditions.filter(({ kind }) => narrow.has(kind)).map(({ kind }) => kind));
