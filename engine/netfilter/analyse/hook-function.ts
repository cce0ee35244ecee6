/** What all tables of one hook together do to a packet: each is asked for what the one before it accepted. */

import { findTable } from '../find.ts';
import type { Ruleset } from '../model.ts';
import type { Hook } from '../simulate/simulation.ts';
import { chainOfHook, tablesOf } from '../simulate/way.ts';
import { all, type Node } from './diagrams.ts';
import { domainOf } from './domains.ts';
import type { Endings } from './endings.ts';
import { fieldsEnd, oneOf, type Space } from './space.ts';
import { TableFlow } from './table-flow.ts';

export interface HookFunction {
  /** What becomes of a packet. */
  readonly verdict: Node;
  /** The packets that have this variable set when they leave the hook, of those that are accepted. */
  readonly leaves: (level: number) => Node;
  /** The variables that rules of the hook may change. */
  readonly changes: ReadonlySet<number>;
}

/** Tables of these names alone, where the others shall not count. */
export interface HookOptions {
  readonly tables?: readonly string[];
}

/** The tables of a hook as one function; a table that could not be read must not be among them. */
export function hookFunction(
  space: Space,
  endings: Endings,
  ruleset: Ruleset,
  hook: Hook,
  { tables }: HookOptions = {},
): HookFunction {
  const changes = new Set<number>();
  const through = (last: Node): Node => {
    let accepted = last;
    for (const name of tableNames(hook, ruleset).reverse()) {
      const table = findTable(ruleset, name);
      if (table === undefined || tables?.includes(name) === false) continue;
      const flow = new TableFlow(space, endings, table, { accepted, reach: false });
      const base = flow.find(chainOfHook[hook]);
      if (base === undefined) continue;
      for (const level of base.changes) changes.add(level);
      const asked = name === 'nat' ? oneOf(space, 'state', [0, 2]) : all;
      accepted = space.d.choose(asked, flow.verdicts(base), accepted);
    }
    return accepted;
  };
  const verdict = through(endings.accept);
  const yes = endings.leaf({ verdict: 'accept', key: 'it is set' });
  const leaves = (level: number): Node =>
    space.d.where(through(space.d.choose(space.d.variable(level), yes, endings.accept)), yes);
  return { verdict, leaves, changes };
}

/** The tables of a hook in the order in which they are asked. */
export const tableNames = (hook: Hook, { backend }: Ruleset): string[] =>
  tablesOf(hook, backend)
    .sort((a, b) => a.priority - b.priority)
    .map(({ name }) => name);

/** The packets that come to a hook. Where raw is asked first, what is UNTRACKED behind it has been refused there. */
export function domainOfHook(space: Space, hook: Hook, rulesets: readonly Ruleset[]): Node {
  const first = rulesets.some((ruleset) => findTable(ruleset, 'raw') !== undefined) ? 'raw' : 'mangle';
  return domainOf(space, hook === 'prerouting' || hook === 'output' ? first : 'mangle', chainOfHook[hook]);
}

/** A function where only the packet decides, and `open` where questions or draws do. */
export function decided(space: Space, f: Node, open: Node): Node {
  const { d } = space;
  const end = fieldsEnd(space);
  const done = new Map<Node, Node>();
  const walk = (node: Node): Node => {
    if (d.store.isLeaf(node)) return node;
    if (d.store.level(node) >= end) return open;
    const known = done.get(node);
    if (known !== undefined) return known;
    const answer = d.store.make(d.store.level(node), walk(d.store.low(node)), walk(d.store.high(node)));
    done.set(node, answer);
    return answer;
  };
  return walk(f);
}

/** What the questions and draws ask that a set depends on, in words. */
export function questionsOf(space: Space, levels: ReadonlySet<number>): string[] {
  const asked = [...space.questions.values(), ...space.draws.values()].filter(({ level }) => levels.has(level));
  return [...new Set(asked.map(({ text }) => text))];
}
