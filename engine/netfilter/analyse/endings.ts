/** The leaves of what chains do: one for each way in which a packet's time in a table can end. */

import type { Diagrams, Node } from './diagrams.ts';
import { accepting, dropping, type Ending } from './effects.ts';

/** The first leaves after the two truth values. */
const firstValue = 2;

export class Endings {
  readonly #d: Diagrams;
  readonly #leaves = new Map<string, Node>();
  readonly #endings = new Map<Node, Ending>();
  /** The packet came out of the chain, and goes on where that was called. */
  readonly returned: Node;
  /** Nothing is said of these packets. */
  readonly absent: Node;
  /** Several answers. */
  readonly conflict: Node;
  readonly accept: Node;
  readonly drop: Node;

  constructor(d: Diagrams) {
    this.#d = d;
    this.returned = d.store.leaf(firstValue);
    this.absent = d.store.leaf(firstValue + 1);
    this.conflict = d.store.leaf(firstValue + 2);
    this.accept = this.leaf(accepting);
    this.drop = this.leaf(dropping);
  }

  leaf(ending: Ending): Node {
    const known = this.#leaves.get(ending.key);
    if (known !== undefined) return known;
    const leaf = this.#d.store.leaf(firstValue + 3 + this.#leaves.size);
    this.#leaves.set(ending.key, leaf);
    this.#endings.set(leaf, ending);
    return leaf;
  }

  /** null for the leaves that are no ending. */
  of(leaf: Node): Ending | null {
    return this.#endings.get(leaf) ?? null;
  }
}
