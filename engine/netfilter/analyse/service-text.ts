/** Values of fields in the words that rules use: names of interfaces, protocols and ports, networks in CIDR form. */

import { writeIPv4, writeIPv6 } from '../addresses.ts';
import { protocolName } from '../protocols.ts';
import { forget } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { rangesOf, type ValueRange } from './field-values.ts';
import { equal, type Field, oneOf, range, type Space } from './space.ts';

/** "tcp 22, 80-90; udp 53", without interfaces and addresses. */
export function serviceText(space: Space, set: Node): string {
  const { d, fields } = space;
  const kept = [fields.protocol, fields.dport];
  const isKept = (level: number) => kept.some(({ start, width }) => level >= start && level < start + width);
  const services = forget(d, set, (level) => !isKept(level));
  const texts = (
    [
      [6, 'tcp'],
      [17, 'udp'],
    ] as const
  ).flatMap(([protocol, name]) => {
    const ports = forget(
      d,
      d.and(services, oneOf(space, 'protocol', [protocol])),
      (level) => level < fields.dport.start,
    );
    return ports === none ? [] : [`${name} ${portsText(space, equal(space, 'protocol', protocol), ports)}`];
  });
  return texts.join('; ') || 'packets';
}

/** More ranges than these are told by their number. */
const mostShown = 8;

/** The ports of a set over that field alone, for packets of these protocols: of ICMP it holds type and code. */
export function portsText(space: Space, protocols: Node, ports: Node): string {
  const { d } = space;
  const ranges = rangesOf(d, space.fields.dport, ports);
  const [first] = ranges;
  if (ranges.length === 1 && first?.from === 0n && first.to === 65535n) return 'all ports';
  const isIcmp =
    d.meets(protocols, oneOf(space, 'protocol', [1, 58])) && !d.meets(protocols, equal(space, 'protocol', 6));
  const shown = ranges.slice(0, mostShown).map((one) => (isIcmp ? typesText(one) : numbersText(one)));
  const more = ranges.length - shown.length;
  const text = more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more ranges`;
  return isIcmp ? `type ${text}` : text;
}

const numbersText = ({ from, to }: ValueRange): string => (from === to ? `${from}` : `${from}-${to}`);

/** "8", "3-5", "3/1" with a code. */
function typesText({ from, to }: ValueRange): string {
  const [low, high] = [from / 256n, to / 256n];
  if (from % 256n === 0n && to % 256n === 255n) return low === high ? `${low}` : `${low}-${high}`;
  if (low === high) return from === to ? `${low}/${from % 256n}` : `${low}/${from % 256n}-${to % 256n}`;
  return `${low}/${from % 256n}-${high}/${to % 256n}`;
}

/** The interfaces of a set over that field alone; `any` for all that there are. */
export function interfacesText(space: Space, side: 'in' | 'out', set: Node): string[] {
  const has = (index: number) => space.d.meets(set, oneOf(space, side, [index]));
  const named = space.interfaces.flatMap(({ kind, text }, index) => {
    if (kind === 'none' || !has(index)) return [];
    return [kind === 'name' ? text : kind === 'prefix' ? `${text}+` : 'others'];
  });
  const real = space.interfaces.filter(({ kind }) => kind !== 'none').length;
  if (named.length === 0) return ['none'];
  if (named.length === real) return ['any'];
  const missing = space.interfaces.flatMap(({ kind, text }, index) =>
    kind === 'none' || has(index) ? [] : [kind === 'name' ? text : kind === 'prefix' ? `${text}+` : 'others'],
  );
  const isShorter = named.includes('others') && missing.length <= named.length;
  return isShorter ? [`any but ${missing.join(', ')}`] : named;
}

export function protocolsText(space: Space, set: Node): string[] {
  const every = range(space, 'protocol', 1, 255);
  const inside = space.d.and(set, every);
  if (inside === every) return ['any'];
  const one = (ranges: readonly ValueRange[]) =>
    ranges.map(({ from, to }) => (from === to ? protocolName(Number(from)) : `${from}-${to}`));
  const named = one(rangesOf(space.d, space.fields.protocol, inside));
  const missing = one(rangesOf(space.d, space.fields.protocol, space.d.minus(every, inside)));
  return missing.length <= named.length && named.some((text) => text.includes('-'))
    ? [`any but ${missing.join(', ')}`]
    : named;
}

/** Networks of a set over one address alone; what is left of everything by exceptions is told by these where they are fewer. */
export function networksText(space: Space, side: 'src' | 'dst', set: Node, width: 32 | 128): string[] {
  const field = { start: space.fields[side].start, width };
  if (set === 1) return ['any'];
  const networks = networksOf(space, field, set);
  const others = networksOf(space, field, space.d.not(set));
  return others.length < networks.length ? [`any but ${others.join(', ')}`] : networks;
}

function networksOf(space: Space, field: Field, set: Node): string[] {
  return rangesOf(space.d, field, set).flatMap((one) => rangeNetworks(one, field.width));
}

/** A range as the networks that it is made of; as a range where these would be many. */
function rangeNetworks({ from, to }: ValueRange, width: number): string[] {
  const networks: string[] = [];
  for (let at = from; at <= to; ) {
    let bits = 0;
    while (bits < width && (at & ((1n << BigInt(bits + 1)) - 1n)) === 0n && at + (1n << BigInt(bits + 1)) - 1n <= to)
      bits++;
    networks.push(bits === 0 ? addressText(at, width) : `${addressText(at, width)}/${width - bits}`);
    at += 1n << BigInt(bits);
  }
  return networks.length > 3 ? [`${addressText(from, width)}-${addressText(to, width)}`] : networks;
}

function addressText(value: bigint, width: number): string {
  if (width === 32) return writeIPv4(Number(value));
  return writeIPv6(Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn)));
}
