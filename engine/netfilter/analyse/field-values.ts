/** The values of one field that occur in a set, as ranges; and a set taken apart by one field. */

import { all, type Diagrams, type Node, none } from './diagrams.ts';
import type { Field } from './space.ts';

export interface ValueRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** The ranges of a set that depends on this field alone, in order, none adjacent. */
export function rangesOf(d: Diagrams, { start, width }: Field, set: Node): ValueRange[] {
  const ranges: { from: bigint; to: bigint }[] = [];
  const add = (from: bigint, to: bigint): void => {
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1n === from) last.to = to;
    else ranges.push({ from, to });
  };
  const walk = (node: Node, bit: number, from: bigint): void => {
    if (node === none) return;
    const size = 1n << BigInt(width - bit);
    if (node === all || bit === width) {
      add(from, from + size - 1n);
      return;
    }
    if (ranges.length > mostRanges) return;
    const level = start + bit;
    walk(d.lowAt(node, level), bit + 1, from);
    walk(d.highAt(node, level), bit + 1, from + size / 2n);
  };
  walk(set, 0, 0n);
  return ranges;
}

/** More than anybody reads. */
const mostRanges = 4096;

/** For each function that is left below the field, the values of the field that lead to it. Nothing above the field may be asked. */
export function partsBy(d: Diagrams, { start, width }: Field, f: Node): Map<Node, Node> {
  const end = start + width;
  const done = new Map<Node, Map<Node, Node>>();
  const walk = (node: Node): Map<Node, Node> => {
    const level = d.store.level(node);
    if (level >= end) return new Map([[node, all]]);
    const known = done.get(node);
    if (known !== undefined) return known;
    const [low, high] = [walk(d.store.low(node)), walk(d.store.high(node))];
    const parts = new Map<Node, Node>();
    for (const below of new Set([...low.keys(), ...high.keys()])) {
      parts.set(below, d.store.make(level, low.get(below) ?? none, high.get(below) ?? none));
    }
    done.set(node, parts);
    return parts;
  };
  return walk(f);
}
