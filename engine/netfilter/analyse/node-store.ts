/**
 * The nodes of decision diagrams: each is stored once, so that equal functions are equal numbers (R. E. Bryant, "Graph-Based Algorithms
 * for Boolean Function Manipulation", 1986). Plain arrays of numbers: a ruleset of thousands of rules has a million of them.
 */

/** A function of a packet, by the number of its first node. */
export type Node = number;

/** Below every variable. */
export const leafLevel = 0x7fffffff;

/** A ruleset whose exact sets do not fit: the analysis stops there and says so. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** Some ten seconds of work. */
const mostAsked = 60_000_000;
const firstSize = 1 << 14;
const cacheSize = 1 << 18;

export class NodeStore {
  /** How many nodes there may be; 20 bytes each. */
  readonly #most: number;
  #count = 0;
  #level = new Int32Array(firstSize);
  #low = new Int32Array(firstSize);
  #high = new Int32Array(firstSize);
  /** Open addressing; a place holds a node's number plus one. */
  #places = new Int32Array(firstSize * 2);
  readonly #leaves = new Map<number, Node>();
  /** Answers of operations, the newest at its place: four numbers asked, one answered. */
  readonly #cache = new Int32Array(cacheSize * 5).fill(-1);

  /** How often a node was asked for: what bounds the time. */
  #asked = 0;

  constructor(most = 6_000_000) {
    this.#most = most;
  }

  get size(): number {
    return this.#count;
  }

  /** The function that has this value for every packet. */
  leaf(value: number): Node {
    const known = this.#leaves.get(value);
    if (known !== undefined) return known;
    const node = this.#append(leafLevel, value, value);
    this.#leaves.set(value, node);
    return node;
  }

  level(node: Node): number {
    return this.#level[node] ?? leafLevel;
  }

  /** Where the variable is 0; for a leaf its value. */
  low(node: Node): Node {
    return this.#low[node] ?? 0;
  }

  high(node: Node): Node {
    return this.#high[node] ?? 0;
  }

  isLeaf(node: Node): boolean {
    return this.#level[node] === leafLevel;
  }

  /** The node that asks the variable of that level. Both branches lie below it. */
  make(level: number, low: Node, high: Node): Node {
    if (low === high) return low;
    if (++this.#asked > mostAsked) throw new TooLargeError('it would take too long');
    const mask = this.#places.length - 1;
    let place = hash(level, low, high) & mask;
    for (;;) {
      const found = this.#places[place] ?? 0;
      if (found === 0) break;
      const node = found - 1;
      if (this.#high[node] === high && this.#low[node] === low && this.#level[node] === level) return node;
      place = (place + 1) & mask;
    }
    const node = this.#append(level, low, high);
    // The places may have been laid out anew.
    if (this.#places.length - 1 === mask) this.#places[place] = node + 1;
    else this.#place(node);
    return node;
  }

  /** What an operation answered to the same question before, -1 where that is not known any more. */
  recall(operation: number, a: number, b: number, c: number): number {
    const at = (hash(a * 31 + operation, b, c) & (cacheSize - 1)) * 5;
    const cache = this.#cache;
    return cache[at] === operation && cache[at + 1] === a && cache[at + 2] === b && cache[at + 3] === c
      ? (cache[at + 4] ?? -1)
      : -1;
  }

  remember(operation: number, a: number, b: number, c: number, answer: number): number {
    const at = (hash(a * 31 + operation, b, c) & (cacheSize - 1)) * 5;
    const cache = this.#cache;
    cache[at] = operation;
    cache[at + 1] = a;
    cache[at + 2] = b;
    cache[at + 3] = c;
    cache[at + 4] = answer;
    return answer;
  }

  #append(level: number, low: Node, high: Node): Node {
    const node = this.#count;
    if (node >= this.#most) throw new TooLargeError(`more than ${this.#most} nodes`);
    if (node === this.#level.length) this.#grow();
    this.#level[node] = level;
    this.#low[node] = low;
    this.#high[node] = high;
    this.#count++;
    return node;
  }

  #grow(): void {
    const size = this.#level.length * 2;
    this.#level = enlarged(this.#level, size);
    this.#low = enlarged(this.#low, size);
    this.#high = enlarged(this.#high, size);
    this.#places = new Int32Array(size * 2);
    for (let node = 0; node < this.#count; node++) if (!this.isLeaf(node)) this.#place(node);
  }

  #place(node: Node): void {
    const mask = this.#places.length - 1;
    let place = hash(this.level(node), this.low(node), this.high(node)) & mask;
    while (this.#places[place] !== 0) place = (place + 1) & mask;
    this.#places[place] = node + 1;
  }
}

function enlarged(array: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size);
  larger.set(array);
  return larger;
}

function hash(a: number, b: number, c: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
