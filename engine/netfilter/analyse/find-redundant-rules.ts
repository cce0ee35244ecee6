/** Rules whose removal would change nothing: what they do is done by the rules after them, or by the policy. */

import { type Node, none } from './diagrams.ts';
import { remembers } from './draws.ts';
import type { Finding } from './finding.ts';
import { causePhrase, findingOf, referencesTo, referenceTo, type Subject, witnessOf } from './subject.ts';
import type { ChainFlow, RuleFlow } from './table-flow.ts';
import { takersOf } from './takers.ts';
import { type Unit, unitSet, unitsOf } from './units.ts';

export function findRedundantRules(subject: Subject): Finding[] {
  const search = new RedundancySearch(subject);
  return subject.flow.chains.flatMap((chain) => search.ofChain(chain));
}

class RedundancySearch {
  readonly #subject: Subject;
  readonly #after = new Map<ChainFlow, Node>();
  readonly #loud = new Map<ChainFlow, readonly Node[]>();
  readonly #loudAfter = new Map<ChainFlow, Node>();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  ofChain(chain: ChainFlow): Finding[] {
    const { flow, space } = this.#subject;
    const { d } = space;
    if (chain.reached[0] === none) return [];
    const policy = flow.policy(chain);
    const near = flow.suffixes(chain, policy);
    const findings: Finding[] = [];
    for (const unit of unitsOf(chain)) {
      const { from, to, parts } = unit;
      const taken = d.and(chain.reached[from] ?? none, unitSet(space, unit));
      if (taken === none || !parts.every(isRemovable) || isFinalReturn(chain, to)) continue;
      if (!this.#isQuiet(chain, unit, taken)) continue;
      const [doing, next] = [near[from] ?? policy, near[to + 1] ?? policy];
      if (d.agree(taken, doing, next) || this.#agreeAfterCalls(chain, taken, doing, next)) {
        findings.push(this.#finding(chain, unit, taken));
      }
    }
    return findings;
  }

  /** Whether two ways through a chain come to the same for these packets once they have come out of it. */
  #agreeAfterCalls(chain: ChainFlow, taken: Node, f: Node, g: Node): boolean {
    const { flow, space } = this.#subject;
    const { d } = space;
    // A chain that changes packets sends out others than came to the rule.
    if (chain.base !== null || chain.changes.size > 0 || d.meets(taken, this.#loudAfterCalls(chain))) return false;
    return d.agreeVia(taken, f, g, flow.endings.returned, this.#afterCalls(chain));
  }

  /** What becomes of packets that come out of a chain, from wherever it is called; `conflict` where that depends on the call. */
  #afterCalls(chain: ChainFlow): Node {
    const known = this.#after.get(chain);
    if (known !== undefined) return known;
    const { flow, space } = this.#subject;
    const { absent, conflict } = flow.endings;
    let merged = absent;
    // A chain in a circle has been refused before; here it would not end.
    this.#after.set(chain, conflict);
    for (const { from, index } of chain.callers) {
      const call = from.rules[index];
      if (call === undefined) continue;
      const outer = from.base !== null ? flow.policy(from) : this.#afterCalls(from);
      const goes =
        call.effect.kind === 'call' && call.effect.goto ? outer : (flow.suffixes(from, outer)[index + 1] ?? outer);
      const sent = chain.changes.size === 0 ? call.set : 1;
      merged = space.d.merge(merged, space.d.choose(sent, goes, absent), absent, conflict);
    }
    this.#after.set(chain, merged);
    return merged;
  }

  /** Whether none of these packets would be noticed by a rule that logs, counts or changes something, were the rule not there. */
  #isQuiet(chain: ChainFlow, { to, parts }: Unit, taken: Node): boolean {
    const { d } = this.#subject.space;
    if (d.meets(taken, this.#loudFrom(chain)[to + 1] ?? none)) return false;
    return parts.every(({ callee }) => callee === undefined || !d.meets(taken, this.#loudFrom(callee)[0] ?? none));
  }

  /** The packets that a rule with a side effect may see, from each rule of a chain on. */
  #loudFrom(chain: ChainFlow): readonly Node[] {
    const known = this.#loud.get(chain);
    if (known !== undefined) return known;
    const { d } = this.#subject.space;
    const sets: Node[] = new Array<Node>(chain.rules.length + 1).fill(none);
    let loud: Node = none;
    for (let index = chain.rules.length - 1; index >= 0; index--) {
      const one = chain.rules[index];
      if (one !== undefined) loud = this.#loudWith(d, one, loud);
      sets[index] = loud;
    }
    this.#loud.set(chain, sets);
    return sets;
  }

  #loudWith(d: Subject['space']['d'], one: RuleFlow, loud: Node): Node {
    const { effect, set, callee } = one;
    if (effect.kind === 'assign' || effect.kind === 'may-end' || one.rule.conditions.some(remembers))
      return d.or(loud, set);
    if (effect.kind === 'pass' || one.rule.action.kind === 'several') {
      return effect.kind === 'pass' && effect.quiet ? loud : d.or(loud, set);
    }
    if (effect.kind === 'call')
      return callee === undefined ? loud : d.or(loud, d.and(set, this.#loudFrom(callee)[0] ?? none));
    return one.sure ? d.minus(loud, set) : loud;
  }

  #loudAfterCalls(chain: ChainFlow): Node {
    const known = this.#loudAfter.get(chain);
    if (known !== undefined) return known;
    const { d } = this.#subject.space;
    let loud: Node = none;
    this.#loudAfter.set(chain, loud);
    for (const { from, index } of chain.callers) {
      const outer = from.base !== null ? none : this.#loudAfterCalls(from);
      loud = d.or(loud, d.or(outer, this.#loudFrom(from)[index + 1] ?? none));
    }
    this.#loudAfter.set(chain, loud);
    return loud;
  }

  #comesBack(callee: ChainFlow, taken: Node): boolean {
    const { flow, space } = this.#subject;
    const { returned } = flow.endings;
    return callee.plain && space.d.agree(taken, flow.suffixes(callee, returned)[0] ?? returned, returned);
  }

  #finding(chain: ChainFlow, { from, to, parts }: Unit, taken: Node): Finding {
    const subject = this.#subject;
    const callees = [...new Set(parts.map(({ callee }) => callee))];
    const [callee] = callees;
    if (callee !== undefined && callees.length === 1 && callee.rules.length === 0) {
      const message = `It does nothing: chain ${callee.name} is empty.`;
      return findingOf(subject, { code: 'redundant', severity: 'note', chain, rules: [from], message });
    }
    if (callee !== undefined && callees.length === 1 && this.#comesBack(callee, taken)) {
      const message = `It does nothing: every packet that it sends to ${callee.name} comes back from there.`;
      return findingOf(subject, { code: 'redundant', severity: 'note', chain, rules: [from], message });
    }
    const later = takersOf(subject.flow, chain, taken, to + 1);
    const atEnd = later.left !== none;
    const end = atEnd && chain.base !== null ? [referenceTo(subject, chain, chain.rules.length)] : [];
    const causes = [...referencesTo(subject, later.takers), ...end];
    const byPolicy = later.takers.length === 0 && chain.base !== null;
    const doing = causes.length === 1 ? 'does' : 'do';
    const message =
      causes.length === 0
        ? `Without it the same would happen to every packet that it takes, where ${chain.name} is called.`
        : `Without it the same would happen: ${causePhrase(causes, chain.name)} ${doing} the same to every packet that it takes.`;
    const witness = witnessOf(subject, chain, taken, ({ walk }) =>
      walk.some((step) => step.chain === chain.name && step.rule === parts[0]?.number && step.matched === true),
    );
    const code = byPolicy ? 'same-as-policy' : 'redundant';
    const severity = byPolicy || causes.length === 0 ? 'note' : 'warning';
    return findingOf(subject, { code, severity, chain, rules: [from], causes, message, witness });
  }
}

/** Rules that do nothing but decide. */
function isRemovable({ rule, effect }: RuleFlow): boolean {
  if (effect.kind !== 'end' && effect.kind !== 'return' && effect.kind !== 'call') return false;
  if (effect.kind === 'end' && effect.ending.verdict === 'unknown') return false;
  if (rule.action.kind === 'several') return false;
  return !rule.conditions.some(remembers);
}

/** RETURN as the last rule says what happens anyway; people write it so on purpose. */
const isFinalReturn = (chain: ChainFlow, index: number): boolean =>
  index === chain.rules.length - 1 && chain.rules[index]?.effect.kind === 'return';
