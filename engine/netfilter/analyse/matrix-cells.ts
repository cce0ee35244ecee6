/** A function taken apart into boxes: all packets with one of these interfaces, one of these ports, one of these addresses. */

import { all, type Node } from './diagrams.ts';
import { partsBy } from './field-values.ts';
import { TooLargeError } from './node-store.ts';
import type { FieldName, Space } from './space.ts';

/** Fields of rows, in the order of their variables. */
const rowFields = ['in', 'out', 'protocol', 'dport', 'dst', 'src'] as const satisfies readonly FieldName[];

export interface MatrixCells {
  /** Each a set over that field alone. */
  readonly sets: Readonly<Record<(typeof rowFields)[number], Node>>;
  readonly leaf: Node;
}

/** A longer table helps nobody. */
const mostCells = 20_000;

/** Boxes that do not overlap and together are all but the leaves left out. The function asks for the fields of rows alone. */
export function takenApart(space: Space, f: Node, leftOut: ReadonlySet<Node>): MatrixCells[] {
  const found: MatrixCells[] = [];
  const whole = { in: all, out: all, protocol: all, dport: all, dst: all, src: all };
  const walk = (node: Node, index: number, sets: MatrixCells['sets']): void => {
    if (leftOut.has(node)) return;
    const name = rowFields[index];
    if (name === undefined || space.d.store.isLeaf(node)) {
      if (found.length >= mostCells) throw new TooLargeError('its table would have too many rows');
      found.push({ sets, leaf: node });
      return;
    }
    for (const [below, values] of partsBy(space.d, space.fields[name], node)) {
      walk(below, index + 1, { ...sets, [name]: values });
    }
  };
  walk(f, 0, whole);
  return found;
}

/** Boxes that differ in one field alone become one, until there are none. */
export function mergedCells(space: Space, cells: readonly MatrixCells[]): MatrixCells[] {
  let merged = [...cells];
  for (let before = Number.POSITIVE_INFINITY; merged.length < before; ) {
    before = merged.length;
    for (const name of rowFields) merged = mergedBy(space, merged, name);
  }
  return merged;
}

function mergedBy(space: Space, cells: readonly MatrixCells[], name: (typeof rowFields)[number]): MatrixCells[] {
  const groups = new Map<string, MatrixCells>();
  for (const cell of cells) {
    const others = rowFields.map((field) => (field === name ? '' : cell.sets[field]));
    const key = `${others.join(' ')}:${cell.leaf}`;
    const known = groups.get(key);
    const sets =
      known === undefined ? cell.sets : { ...cell.sets, [name]: space.d.or(known.sets[name], cell.sets[name]) };
    groups.set(key, { sets, leaf: cell.leaf });
  }
  return [...groups.values()];
}
