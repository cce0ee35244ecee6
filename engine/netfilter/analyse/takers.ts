/** Which rules take packets before others can. */

import { type Node, none } from './diagrams.ts';
import type { ChainFlow, RuleFlow, TableFlow } from './table-flow.ts';

export interface Taker {
  readonly flow: ChainFlow;
  /** 0-based; the number of rules for what comes out at the end. */
  readonly index: number;
  /** What it takes of them. */
  readonly part: Node;
}

export interface Taken {
  readonly takers: readonly Taker[];
  /** What no rule surely takes. */
  readonly left: Node;
}

/** The rules from `from` to before `until` that surely take packets of `set` out of a chain, in order, each with its part. */
export function takersOf(table: TableFlow, flow: ChainFlow, set: Node, from = 0, until = flow.rules.length): Taken {
  const { d } = table.space;
  const takers: Taker[] = [];
  let left = set;
  for (let index = from; index < until && left !== none; index++) {
    const one = flow.rules[index];
    if (one === undefined || !d.meets(left, one.set)) continue;
    if (one.sure) takers.push(...takenBy(table, flow, index, one, d.and(left, one.set)));
    left = table.past(one, left);
  }
  return { takers, left };
}

function takenBy(table: TableFlow, flow: ChainFlow, index: number, one: RuleFlow, part: Node): Taker[] {
  const { d } = table.space;
  const { effect, callee } = one;
  if (effect.kind === 'end' || effect.kind === 'return') return [{ flow, index, part }];
  if (effect.kind !== 'call' || callee === undefined) return [];
  const ends = d.minus(part, table.mayReturn(callee));
  // What is changed on the way is not followed back.
  if (one.before.length > 0) return effect.goto ? [{ flow, index, part }] : [];
  if (callee.changes.size > 0) {
    const whole = effect.goto ? part : ends;
    return whole === none ? [] : [{ flow, index, part: whole }];
  }
  const inside = ends === none ? { takers: [], left: none } : takersOf(table, callee, ends);
  const deep = inside.takers.filter(({ flow: in_, index: at }) => in_.rules[at]?.effect.kind !== 'return');
  const rest = effect.goto ? d.minus(part, ends) : none;
  const own = d.or(rest, inside.left);
  return [...deep, ...(own === none ? [] : [{ flow, index, part: own }])];
}

/** As few of the takers as will do, tried one after the other: what the others take without it is still everything. */
export function fewest(table: TableFlow, flow: ChainFlow, set: Node, until: number): readonly Taker[] {
  const { takers } = takersOf(table, flow, set, 0, until);
  if (takers.length < 2) return takers;
  const single = flow.rules.slice(0, until).findIndex((one) => takesAll(table, one, set));
  if (single >= 0) return [{ flow, index: single, part: set }];
  if (takers.length > mostTried) return takers;
  const { d } = table.space;
  const whole = (taker: Taker) => d.and(set, taker.flow === flow ? (flow.rules[taker.index]?.set ?? none) : taker.part);
  let kept = [...takers];
  for (const taker of takers) {
    const others = kept.filter((one) => one !== taker);
    const union = others.reduce((sum, one) => d.or(sum, whole(one)), none);
    if (d.within(set, union)) kept = others;
  }
  return kept;
}

/** More causes than anybody reads. */
const mostTried = 40;

function takesAll(table: TableFlow, one: RuleFlow, set: Node): boolean {
  const { d } = table.space;
  if (!one.sure || !d.within(set, one.set)) return false;
  if (one.effect.kind === 'end' || one.effect.kind === 'return') return true;
  return one.effect.kind === 'call' && one.callee !== undefined && one.effect.goto;
}
