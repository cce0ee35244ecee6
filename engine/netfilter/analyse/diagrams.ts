/**
 * Functions of a packet as decision diagrams. A set of packets is a function with the values 0 and 1; what a chain does is one with more
 * values. All are exact, and equal functions are the same node.
 */

import { leafLevel, type Node, NodeStore } from './node-store.ts';

export type { Node } from './node-store.ts';

/** No packet, and every packet. */
export const none: Node = 0;
export const all: Node = 1;

/** Names of operations in the store's memory. */
const ops = {
  and: 1,
  not: 2,
  minus: 3,
  choose: 4,
  follow: 5,
  differ: 6,
  meets: 7,
  where: 8,
  merge: 9,
  forget: 10,
  or: 11,
  agree: 12,
  agreeVia: 13,
};

export class Diagrams {
  readonly store: NodeStore;

  constructor(store: NodeStore = new NodeStore()) {
    this.store = store;
    if (store.leaf(0) !== none || store.leaf(1) !== all) throw new Error('a store begins with its two truth values');
  }

  /** The packets whose variable of that level is 1. */
  variable(level: number): Node {
    return this.store.make(level, none, all);
  }

  and(a: Node, b: Node): Node {
    if (a === none || b === none) return none;
    if (a === all || a === b) return b;
    if (b === all) return a;
    if (a > b) return this.and(b, a);
    const { store } = this;
    const known = store.recall(ops.and, a, b, 0);
    if (known >= 0) return known;
    const level = Math.min(store.level(a), store.level(b));
    const low = this.and(this.lowAt(a, level), this.lowAt(b, level));
    const high = this.and(this.highAt(a, level), this.highAt(b, level));
    return store.remember(ops.and, a, b, 0, store.make(level, low, high));
  }

  or(a: Node, b: Node): Node {
    if (a === all || b === all) return all;
    if (a === none || a === b) return b;
    if (b === none) return a;
    if (a > b) return this.or(b, a);
    const { store } = this;
    const known = store.recall(ops.or, a, b, 0);
    if (known >= 0) return known;
    const level = Math.min(store.level(a), store.level(b));
    const low = this.or(this.lowAt(a, level), this.lowAt(b, level));
    const high = this.or(this.highAt(a, level), this.highAt(b, level));
    return store.remember(ops.or, a, b, 0, store.make(level, low, high));
  }

  not(a: Node): Node {
    if (a === none) return all;
    if (a === all) return none;
    const { store } = this;
    const known = store.recall(ops.not, a, 0, 0);
    if (known >= 0) return known;
    const node = store.make(store.level(a), this.not(store.low(a)), this.not(store.high(a)));
    store.remember(ops.not, node, 0, 0, a);
    return store.remember(ops.not, a, 0, 0, node);
  }

  /** What is in `a` and not in `b`. */
  minus(a: Node, b: Node): Node {
    if (a === none || b === all || a === b) return none;
    if (b === none) return a;
    if (a === all) return this.not(b);
    const { store } = this;
    const known = store.recall(ops.minus, a, b, 0);
    if (known >= 0) return known;
    const level = Math.min(store.level(a), store.level(b));
    const low = this.minus(this.lowAt(a, level), this.lowAt(b, level));
    const high = this.minus(this.highAt(a, level), this.highAt(b, level));
    return store.remember(ops.minus, a, b, 0, store.make(level, low, high));
  }

  /** Whether the two sets have a packet in common; makes no nodes. */
  meets(a: Node, b: Node): boolean {
    if (a === none || b === none) return false;
    if (a === all || b === all || a === b) return true;
    if (a > b) return this.meets(b, a);
    const { store } = this;
    const known = store.recall(ops.meets, a, b, 0);
    if (known >= 0) return known === 1;
    const level = Math.min(store.level(a), store.level(b));
    const answer =
      this.meets(this.lowAt(a, level), this.lowAt(b, level)) ||
      this.meets(this.highAt(a, level), this.highAt(b, level));
    store.remember(ops.meets, a, b, 0, answer ? 1 : 0);
    return answer;
  }

  /** Whether all of `a` is in `b`. */
  within(a: Node, b: Node): boolean {
    return this.minus(a, b) === none;
  }

  /** `f` for the packets of `set`, `g` for all others. */
  choose(set: Node, f: Node, g: Node): Node {
    if (set === all || f === g) return f;
    if (set === none) return g;
    if (f === all && g === none) return set;
    const { store } = this;
    const known = store.recall(ops.choose, set, f, g);
    if (known >= 0) return known;
    const level = Math.min(store.level(set), store.level(f), store.level(g));
    const low = this.choose(this.lowAt(set, level), this.lowAt(f, level), this.lowAt(g, level));
    const high = this.choose(this.highAt(set, level), this.highAt(f, level), this.highAt(g, level));
    return store.remember(ops.choose, set, f, g, store.make(level, low, high));
  }

  /** `f`, with `g` in place of its leaf `on`: what comes after is asked where `f` does not decide. */
  follow(f: Node, on: Node, g: Node): Node {
    if (f === on) return g;
    const { store } = this;
    if (g === on || store.isLeaf(f)) return f;
    const known = store.recall(ops.follow + on * 16, f, g, 0);
    if (known >= 0) return known;
    const level = Math.min(store.level(f), store.level(g));
    const low = this.follow(this.lowAt(f, level), on, this.lowAt(g, level));
    const high = this.follow(this.highAt(f, level), on, this.highAt(g, level));
    return store.remember(ops.follow + on * 16, f, g, 0, store.make(level, low, high));
  }

  /** Where two functions have different values. */
  differ(f: Node, g: Node): Node {
    if (f === g) return none;
    const { store } = this;
    if (store.isLeaf(f) && store.isLeaf(g)) return all;
    if (f > g) return this.differ(g, f);
    const known = store.recall(ops.differ, f, g, 0);
    if (known >= 0) return known;
    const level = Math.min(store.level(f), store.level(g));
    const low = this.differ(this.lowAt(f, level), this.lowAt(g, level));
    const high = this.differ(this.highAt(f, level), this.highAt(g, level));
    return store.remember(ops.differ, f, g, 0, store.make(level, low, high));
  }

  /** `agree`, of two functions with `h` in place of their leaf `on`. */
  agreeVia(set: Node, f: Node, g: Node, on: Node, h: Node): boolean {
    if (set === none || f === g) return true;
    const { store } = this;
    if (store.isLeaf(f) && store.isLeaf(g)) {
      if (f === on) return this.agree(set, h, g);
      return g === on && this.agree(set, f, h);
    }
    if (f > g) return this.agreeVia(set, g, f, on, h);
    const operation = ops.agreeVia + h * 16;
    const known = store.recall(operation, set, f, g);
    if (known >= 0) return known === 1;
    const level = Math.min(store.level(set), store.level(f), store.level(g), store.level(h));
    const half = (at: (node: Node, level: number) => Node): boolean =>
      this.agreeVia(at(set, level), at(f, level), at(g, level), on, at(h, level));
    const answer = half((node, one) => this.lowAt(node, one)) && half((node, one) => this.highAt(node, one));
    store.remember(operation, set, f, g, answer ? 1 : 0);
    return answer;
  }

  /** Whether two functions have the same value for every packet of a set; makes no nodes. */
  agree(set: Node, f: Node, g: Node): boolean {
    if (set === none || f === g) return true;
    const { store } = this;
    if (store.isLeaf(f) && store.isLeaf(g)) return false;
    if (f > g) return this.agree(set, g, f);
    const known = store.recall(ops.agree, set, f, g);
    if (known >= 0) return known === 1;
    const level = Math.min(store.level(set), store.level(f), store.level(g));
    const answer =
      this.agree(this.lowAt(set, level), this.lowAt(f, level), this.lowAt(g, level)) &&
      this.agree(this.highAt(set, level), this.highAt(f, level), this.highAt(g, level));
    store.remember(ops.agree, set, f, g, answer ? 1 : 0);
    return answer;
  }

  /** Where a function has this leaf's value. */
  where(f: Node, leaf: Node): Node {
    const { store } = this;
    if (store.isLeaf(f)) return f === leaf ? all : none;
    const known = store.recall(ops.where, f, leaf, 0);
    if (known >= 0) return known;
    const node = store.make(store.level(f), this.where(store.low(f), leaf), this.where(store.high(f), leaf));
    return store.remember(ops.where, f, leaf, 0, node);
  }

  /**
   * Two functions as one: `absent` gives way to the other's value, and `conflict` stands where they disagree. The two leaves are always the
   * same in one store.
   */
  merge(f: Node, g: Node, absent: Node, conflict: Node): Node {
    if (f === g || g === absent) return f;
    if (f === absent) return g;
    const { store } = this;
    if (store.isLeaf(f) && store.isLeaf(g)) return conflict;
    if (f > g) return this.merge(g, f, absent, conflict);
    const known = store.recall(ops.merge, f, g, 0);
    if (known >= 0) return known;
    const level = Math.min(store.level(f), store.level(g));
    const low = this.merge(this.lowAt(f, level), this.lowAt(g, level), absent, conflict);
    const high = this.merge(this.highAt(f, level), this.highAt(g, level), absent, conflict);
    return store.remember(ops.merge, f, g, 0, store.make(level, low, high));
  }

  /** The set without its variables from `level` on downwards: a packet is in it if some value of theirs puts it there. */
  forgetBelow(a: Node, level: number): Node {
    const { store } = this;
    if (a <= all) return a;
    if (store.level(a) >= level) return all;
    const known = store.recall(ops.forget, a, level, 0);
    if (known >= 0) return known;
    const node = store.make(
      store.level(a),
      this.forgetBelow(store.low(a), level),
      this.forgetBelow(store.high(a), level),
    );
    return store.remember(ops.forget, a, level, 0, node);
  }

  /** The branch of a node for 0 of the variable at `level`, which is at or above the node. */
  lowAt(node: Node, level: number): Node {
    return this.store.level(node) === level ? this.store.low(node) : node;
  }

  highAt(node: Node, level: number): Node {
    return this.store.level(node) === level ? this.store.high(node) : node;
  }
}

export { leafLevel };
