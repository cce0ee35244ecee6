/** What is asked of whole diagrams: other variables put in, variables left out, one packet taken out. */

import { all, type Diagrams, leafLevel, type Node, none } from './diagrams.ts';

/** The function with other functions in place of variables: `replaced` has a set for each level. */
export function substitute(d: Diagrams, f: Node, replaced: ReadonlyMap<number, Node>): Node {
  if (replaced.size === 0) return f;
  const { store } = d;
  const lowest = Math.max(...replaced.keys());
  const done = new Map<Node, Node>();
  const walk = (node: Node): Node => {
    const level = store.level(node);
    if (level > lowest) return node;
    const known = done.get(node);
    if (known !== undefined) return known;
    const [low, high] = [walk(store.low(node)), walk(store.high(node))];
    const answer = d.choose(replaced.get(level) ?? d.variable(level), high, low);
    done.set(node, answer);
    return answer;
  };
  return walk(f);
}

/** The set without these variables: a packet is in it if some value of theirs puts it there. */
export function forget(d: Diagrams, set: Node, isForgotten: (level: number) => boolean): Node {
  const { store } = d;
  const done = new Map<Node, Node>();
  const walk = (node: Node): Node => {
    if (node === none || node === all) return node;
    const known = done.get(node);
    if (known !== undefined) return known;
    const level = store.level(node);
    const [low, high] = [walk(store.low(node)), walk(store.high(node))];
    const answer = isForgotten(level) ? d.or(low, high) : store.make(level, low, high);
    done.set(node, answer);
    return answer;
  };
  return walk(set);
}

/** The levels of the variables that a function depends on. */
export function levelsOf(d: Diagrams, f: Node): Set<number> {
  const seen = new Set<Node>();
  const levels = new Set<number>();
  const open = [f];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node) || d.store.isLeaf(node)) continue;
    seen.add(node);
    levels.add(d.store.level(node));
    open.push(d.store.low(node), d.store.high(node));
  }
  return levels;
}

/** The leaves that a function can come to. */
export function leavesOf(d: Diagrams, f: Node): Set<Node> {
  const seen = new Set<Node>();
  const leaves = new Set<Node>();
  const open = [f];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (d.store.isLeaf(node)) leaves.add(node);
    else open.push(d.store.low(node), d.store.high(node));
  }
  return leaves;
}

/** One packet of a set, as the values of its variables; those that do not matter are left out. null for the empty set. */
export function pick(d: Diagrams, set: Node): Map<number, boolean> | null {
  if (set === none) return null;
  const chosen = new Map<number, boolean>();
  for (let node = set; d.store.level(node) !== leafLevel; ) {
    const low = d.store.low(node);
    chosen.set(d.store.level(node), low === none);
    node = low === none ? d.store.high(node) : low;
  }
  return chosen;
}

/** The value of a function for a packet, as the leaf. */
export function valueAt(d: Diagrams, f: Node, bit: (level: number) => boolean): Node {
  let node = f;
  while (!d.store.isLeaf(node)) node = bit(d.store.level(node)) ? d.store.high(node) : d.store.low(node);
  return node;
}
