/** What it means that a value is in a set whose elements are known: the sets that stand in rules themselves, `tcp dport { 80, 443 }`. */

import { readNetwork } from '../addresses.ts';
import type { Condition, Family } from '../model.ts';
import { Bytes } from './bytes.ts';
import { comparisonMeans, type Loaded, rangeMeans } from './native-conditions.ts';
import { mergeRanges } from './xt-matches.ts';

interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** The condition, or null where iptables has none: it can ask for one of many ports or states, but for one address or protocol alone. */
export function setMeans(loaded: Loaded, elements: unknown, negated: boolean, family: Family): Condition[] | null {
  const spans = readSpans(elements);
  if (spans === null || spans.list.length === 0) return null;
  const { list, width } = spans;
  const hex = (value: bigint) => value.toString(16).padStart(width, '0');
  const parts = list.map(({ from, to }) =>
    from === to ? comparisonMeans(loaded, 'eq', hex(from), family) : rangeMeans(loaded, false, hex(from), hex(to)),
  );
  const [only] = parts;
  const conditions = parts.map((part) => (part?.length === 1 ? part[0] : undefined));
  if (conditions.every((one) => one !== undefined)) return together(conditions, negated);
  const [span] = list;
  if (only === null && list.length === 1 && span !== undefined) return networkOf(loaded, span, width, negated, family);
  return null;
}

/** Alternatives of one condition as one condition. */
function together(conditions: readonly Condition[], negated: boolean): Condition[] | null {
  const [first] = conditions;
  if (first === undefined) return null;
  if (conditions.length === 1) return 'negated' in first ? [{ ...first, negated: first.negated !== negated }] : null;
  switch (first.kind) {
    case 'source-port':
    case 'destination-port': {
      const ranges = conditions.flatMap((one) => (one.kind === first.kind && !one.negated ? one.ranges : []));
      return [{ kind: first.kind, ranges: mergeRanges(ranges), negated }];
    }
    case 'conntrack-state': {
      const states = conditions.flatMap((one) => (one.kind === 'conntrack-state' && !one.negated ? one.states : []));
      return [{ kind: 'conntrack-state', states, negated }];
    }
    default:
      return null;
  }
}

/** Elements in order. In a set of intervals one with flag 1 ends what began before it, itself left out. */
function readSpans(elements: unknown): { list: Span[]; width: number } | null {
  if (!Array.isArray(elements)) return null;
  const read: { key: bigint; ends: boolean }[] = [];
  let width = 0;
  for (const element of elements as readonly unknown[]) {
    const { key, flags } = Object(element) as { key?: unknown; flags?: unknown };
    if (typeof key !== 'string' || !/^[0-9a-f]+$/i.test(key)) return null;
    width = Math.max(width, key.length);
    read.push({ key: BigInt(`0x${key}`), ends: typeof flags === 'number' && (flags & 1) !== 0 });
  }
  if (!read.some(({ ends }) => ends)) return { list: read.map(({ key }) => ({ from: key, to: key })), width };
  read.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(b.ends) - Number(a.ends)));
  const list: Span[] = [];
  let from: bigint | null = null;
  for (const { key, ends } of read) {
    if (ends && from !== null) list.push({ from, to: key - 1n });
    from = ends ? null : key;
  }
  if (from !== null) list.push({ from, to: (1n << BigInt(4 * width)) - 1n });
  return { list, width };
}

/** A span of addresses that is a network. */
function networkOf(
  loaded: Loaded,
  { from, to }: Span,
  width: number,
  negated: boolean,
  family: Family,
): Condition[] | null {
  const size = family === 'ipv4' ? 8 : 32;
  const free = from ^ to;
  const isNetwork = (free & (free + 1n)) === 0n && (from & free) === 0n;
  if (width !== size || !isNetwork) return null;
  const [source] = comparisonMeans(loaded, 'eq', from.toString(16).padStart(size, '0'), family) ?? [];
  if (source?.kind !== 'source' && source?.kind !== 'destination') return null;
  const mask = ((1n << BigInt(4 * size)) - 1n) ^ free;
  const text = new Bytes(mask.toString(16).padStart(size, '0')).address(0, family);
  const network = readNetwork(`${source.network.address}/${text}`, family);
  return network === null ? null : [{ kind: source.kind, network, negated }];
}
