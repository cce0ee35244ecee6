/**
 * Which rules of a chain a packet can meet at all, found by their addresses, ports, protocol and interfaces instead of one by one.
 *
 * Tuple space search (Srinivasan, Suri, Varghese 1999): rules that ask for the same fields, with the same prefix lengths, share a shape, and
 * each shape is a hash table from those fields' values to its rules. What cannot be a key (ranges, negations, sets) is no part of a shape:
 * such a rule is found by its other fields, or, where it has none, always. So the rules found are all that can match and a few more; the
 * caller still asks each of them. The index belongs to the chain object, which never changes.
 */

import type { Chain, Condition, Network, Rule } from '../model.ts';
import { networkKey } from './network-key.ts';
import { hasPorts, type Packet } from './packet.ts';

/** Where a packet is: null, no interface at this hook; undefined, not known. */
export interface Interfaces {
  readonly in: string | null | undefined;
  readonly out: string | null | undefined;
}

/** Shorter chains are quicker to walk than to look up. */
const shortest = 12;
/** Of a list of ports as many become keys; longer lists are found by the other fields. */
const mostPorts = 16;
/** More shapes than this cost more than they save; the rules of further ones are asked always. */
const mostShapes = 48;

const fields = ['dst', 'src', 'protocol', 'dport', 'sport', 'in', 'out'] as const;
type Field = (typeof fields)[number];

/** What a rule asks of a field: one of these values. For addresses with the prefix length under which they are compared. */
interface Wanted {
  readonly field: Field;
  readonly prefix: number;
  readonly values: readonly string[];
}

interface Shape {
  readonly parts: readonly { readonly field: Field; readonly prefix: number }[];
  /** Positions of its rules, ascending. */
  readonly all: number[];
  readonly byKey: Map<string, number[]>;
}

interface ChainIndex {
  readonly always: readonly number[];
  readonly shapes: readonly Shape[];
}

const indexes = new WeakMap<Chain, ChainIndex>();

/** Positions, ascending, of the rules that the packet may match; null: all of them. */
export function candidates(chain: Chain, packet: Packet, at: Interfaces): Iterable<number> | null {
  if (chain.rules.length < shortest) return null;
  let index = indexes.get(chain);
  if (index === undefined) {
    index = buildIndex(chain);
    indexes.set(chain, index);
  }
  const lists: (readonly number[])[] = index.always.length > 0 ? [index.always] : [];
  const values = packetValues(packet, at);
  for (const shape of index.shapes) {
    const list = rulesOf(shape, values);
    if (list !== undefined && list.length > 0) lists.push(list);
  }
  const [only] = lists;
  return lists.length > 1 ? inOrder(lists) : (only ?? []);
}

function* inOrder(lists: readonly (readonly number[])[]): Generator<number> {
  const at = lists.map(() => 0);
  for (;;) {
    let least = Number.POSITIVE_INFINITY;
    let from = -1;
    for (let list = 0; list < lists.length; list++) {
      const head = lists[list]?.[at[list] ?? 0];
      if (head === undefined || head >= least) continue;
      least = head;
      from = list;
    }
    if (from < 0) return;
    at[from] = (at[from] ?? 0) + 1;
    yield least;
  }
}

/** undefined: no rule of the shape. A field of the shape that is not known of the packet: all of them. */
function rulesOf(shape: Shape, values: (field: Field, prefix: number) => string | null | undefined) {
  let key = '';
  for (const { field, prefix } of shape.parts) {
    const value = values(field, prefix);
    if (value === undefined) return shape.all;
    if (value === null) return undefined;
    key += `${value} `;
  }
  return shape.byKey.get(key);
}

/** null: the packet has no such field, so no rule that asks for one takes it. */
function packetValues(packet: Packet, at: Interfaces) {
  const networks = new Map<string, string>();
  const port = (value: number | undefined) =>
    packet.protocol !== undefined && !hasPorts(packet.protocol) ? null : value?.toString();
  return (field: Field, prefix: number): string | null | undefined => {
    switch (field) {
      case 'dst':
      case 'src': {
        const address = packet[field];
        if (address === undefined) return undefined;
        const name = `${field}${prefix}`;
        const known = networks.get(name);
        if (known !== undefined) return known;
        const network = networkKey(address, prefix);
        networks.set(name, network);
        return network;
      }
      case 'protocol':
        return packet.protocol?.toString();
      case 'dport':
      case 'sport':
        return port(packet[field]);
      case 'in':
      case 'out':
        return at[field];
    }
  };
}

function buildIndex(chain: Chain): ChainIndex {
  const always: number[] = [];
  const shapes = new Map<string, Shape>();
  for (const [position, rule] of chain.rules.entries()) {
    const wanted = wantedBy(rule);
    const name = wanted.map(({ field, prefix }) => `${field}${prefix}`).join(' ');
    let shape = shapes.get(name);
    if (wanted.length === 0 || (shape === undefined && shapes.size >= mostShapes)) {
      always.push(position);
      continue;
    }
    if (shape === undefined) {
      shape = { parts: wanted.map(({ field, prefix }) => ({ field, prefix })), all: [], byKey: new Map() };
      shapes.set(name, shape);
    }
    shape.all.push(position);
    for (const key of keysOf(wanted)) {
      const list = shape.byKey.get(key);
      if (list === undefined) shape.byKey.set(key, [position]);
      else if (list.at(-1) !== position) list.push(position);
    }
  }
  return { always, shapes: [...shapes.values()] };
}

function keysOf(wanted: readonly Wanted[]): string[] {
  return wanted.reduce((keys, { values }) => keys.flatMap((key) => values.map((value) => `${key}${value} `)), ['']);
}

/** One for each field, in the order of `fields`; a second condition on the same field is left to the asking. */
function wantedBy(rule: Rule): Wanted[] {
  const found = new Map<Field, Wanted>();
  for (const condition of rule.conditions) {
    const wanted = wantedOf(condition);
    if (wanted === null || found.has(wanted.field)) continue;
    // Two lists of ports would be a key for each pair.
    if (wanted.values.length > 1 && [...found.values()].some((one) => one.values.length > 1)) continue;
    found.set(wanted.field, wanted);
  }
  return fields.flatMap((field) => found.get(field) ?? []);
}

function wantedOf(condition: Condition): Wanted | null {
  if (!('negated' in condition) || condition.negated) return null;
  switch (condition.kind) {
    case 'source':
      return networkOf('src', condition.network);
    case 'destination':
      return networkOf('dst', condition.network);
    case 'protocol':
      return condition.protocol === 0
        ? null
        : { field: 'protocol', prefix: 0, values: [condition.protocol.toString()] };
    case 'source-port':
    case 'destination-port': {
      const count = condition.ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
      if (count > mostPorts) return null;
      const values = condition.ranges.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, step) => (from + step).toString()),
      );
      return { field: condition.kind === 'source-port' ? 'sport' : 'dport', prefix: 0, values };
    }
    case 'in-interface':
    case 'out-interface':
      return condition.name.endsWith('+')
        ? null
        : { field: condition.kind === 'in-interface' ? 'in' : 'out', prefix: 0, values: [condition.name] };
    default:
      return null;
  }
}

function networkOf(field: 'src' | 'dst', { address, prefix }: Network): Wanted | null {
  return prefix === null || prefix === 0 ? null : { field, prefix, values: [networkKey(address, prefix)] };
}
