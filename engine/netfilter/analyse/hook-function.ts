/** What all base chains of one hook together do to a packet: each is asked for what the one before it accepted. */

import { type Place, placesAt } from '../base-chains.ts';
import type { Ruleset } from '../model.ts';
import type { Hook } from '../simulate/simulation.ts';
import { leavesOf, levelsOf } from './diagram-walks.ts';
import { all, type Node } from './diagrams.ts';
import { domainOf } from './domains.ts';
import type { Endings } from './endings.ts';
import { fieldsEnd, oneOf, type Space } from './space.ts';
import { TableFlow } from './table-flow.ts';

export interface HookFunction {
  /** What becomes of a packet. */
  readonly verdict: Node;
  /**
   * The packets that have this variable set when they leave the hook, of those that are accepted. What chains after a rewrite do to a packet
   * does not count.
   */
  readonly leaves: (level: number) => Node;
  /** The variables that rules of the hook may change. */
  readonly changes: ReadonlySet<number>;
}

/** These base chains of one hook as one function, in their order; a table that could not be read must not be among them. */
export function hookFunction(space: Space, endings: Endings, places: readonly Place[]): HookFunction {
  const changes = new Set<number>();
  const through = (last: Node, rewritten?: Node): Node => {
    let accepted = last;
    const drawn = new Map<string, number>();
    for (const place of [...places].reverse()) {
      const ends = { accepted, ...(rewritten === undefined ? {} : { rewritten }) };
      const flow = new TableFlow(space, endings, place.table, { place, ...ends, drawn, reach: false });
      const base = flow.find(place.chain);
      if (base === undefined) continue;
      for (const level of base.changes) changes.add(level);
      const asked = place.as === 'nat' ? oneOf(space, 'state', [0, 2]) : all;
      accepted = space.d.choose(asked, flow.verdicts(base), accepted);
    }
    return accepted;
  };
  const verdict = through(endings.accept);
  const yes = endings.leaf({ verdict: 'accept', key: 'it is set' });
  const leaves = (level: number): Node => {
    const last = space.d.choose(space.d.variable(level), yes, endings.accept);
    return space.d.where(through(last, last), yes);
  };
  return { verdict, leaves, changes };
}

/** The packets that come to a hook. Where chains are asked before conntrack, what is UNTRACKED behind them has been refused there. */
export function domainOfHook(space: Space, hook: Hook, rulesets: readonly Ruleset[]): Node {
  return domainOf(space, placesAt(rulesets, hook).some(({ as }) => as === 'raw') ? 'raw' : 'mangle', hook);
}

/** A function where only the packet decides, and what `otherwise` says where questions or draws do. */
export function decided(space: Space, f: Node, otherwise: (node: Node) => Node): Node {
  const { d } = space;
  const end = fieldsEnd(space);
  const done = new Map<Node, Node>();
  const walk = (node: Node): Node => {
    if (d.store.isLeaf(node)) return node;
    if (d.store.level(node) >= end) return otherwise(node);
    const known = done.get(node);
    if (known !== undefined) return known;
    const answer = d.store.make(d.store.level(node), walk(d.store.low(node)), walk(d.store.high(node)));
    done.set(node, answer);
    return answer;
  };
  return walk(f);
}

/** A leaf for all that may come of it where chance alone decides; `conflict` where something else does. */
export function byChance(space: Space, endings: Endings, node: Node): Node {
  const chances = new Set([...space.draws.values()].flatMap(({ level, chance }) => (chance ? [level] : [])));
  const leaves = [...leavesOf(space.d, node)];
  const known = leaves.every((leaf) => endings.of(leaf)?.verdict !== 'unknown' && leaf !== endings.conflict);
  if (!known || [...levelsOf(space.d, node)].some((level) => !chances.has(level))) return endings.conflict;
  return endings.leaf({ verdict: 'unknown', key: `one of ${leaves.sort((a, b) => a - b).join(' ')}` });
}

/** What the questions and draws ask that a set depends on, in words. */
export function questionsOf(space: Space, levels: ReadonlySet<number>): string[] {
  const asked = [...space.questions.values(), ...space.draws.values()].filter(({ level }) => levels.has(level));
  return [...new Set(asked.map(({ text }) => text))];
}
