/** Match statements of libnftables-json(5) as conditions of iptables. */

import { canonicalAddress, readNetwork } from '../addresses.ts';
import type { Condition, ConntrackState, Family, PortRange } from '../model.ts';
import { parseRule } from '../parse.ts';
import { protocolNumber } from '../protocols.ts';
import { mergeRanges } from './xt-matches.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field of an object that is an object itself. */
export function objectIn(value: Json | undefined, key: string): JsonObject | null {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : null;
}

/** What a match statement asks for; `unseen` where iptables has no word for it. */
export function matchConditions(match: JsonObject, family: Family): Condition[] {
  const { left, right, op } = match;
  const negated = op === '!=';
  const known = typeof op === 'string' && ['==', '!=', 'in', '<', '>', '<=', '>='].includes(op);
  const found = known && left !== undefined && right !== undefined ? read({ left, right, op, negated, family }) : null;
  return found ?? [{ kind: 'unseen', module: nameOf(left) }];
}

interface Match {
  readonly left: Json;
  readonly right: Json;
  readonly op: string;
  readonly negated: boolean;
  readonly family: Family;
}

function read(match: Match): Condition[] | null {
  const { left } = match;
  const masked = isObject(left) ? left['&'] : undefined;
  if (Array.isArray(masked)) return readMasked(match, masked[0] ?? null, masked[1] ?? null);
  const payload = objectIn(left, 'payload');
  if (payload !== null) return readPayload(match, String(payload.protocol), String(payload.field));
  const meta = objectIn(left, 'meta');
  if (meta !== null) return readMeta(match, String(meta.key));
  const ct = objectIn(left, 'ct');
  if (ct !== null) return ct.dir === undefined ? readConntrack(match, String(ct.key)) : null;
  const fib = objectIn(left, 'fib');
  return fib === null ? null : readFib(match, fib);
}

/** Equal, unlike, or among: comparisons by size are for ports alone. */
const isPlain = (op: string): boolean => op === '==' || op === '!=' || op === 'in';

/** The values of a set or list, or the one value. null for a named set. */
function valuesOf(right: Json): readonly Json[] | null {
  if (isObject(right) && Array.isArray(right.set)) return right.set as readonly Json[];
  if (Array.isArray(right)) return right as readonly Json[];
  return typeof right === 'string' && right.startsWith('@') ? null : [right];
}

function onlyValue(right: Json): Json | null {
  const values = valuesOf(right);
  return values?.length === 1 ? (values[0] ?? null) : null;
}

function readPayload(match: Match, protocol: string, field: string): Condition[] | null {
  const { right, negated, family, op } = match;
  if (field === 'sport' || field === 'dport') return readPorts(match, protocol, field);
  if (!isPlain(op)) return null;
  const own = family === 'ipv4' ? 'ip' : 'ip6';
  if (protocol === own && (field === 'saddr' || field === 'daddr')) {
    const network = networkOf(onlyValue(right), family);
    return network === null ? null : [{ kind: field === 'saddr' ? 'source' : 'destination', network, negated }];
  }
  if (protocol === own && (field === 'protocol' || field === 'nexthdr')) return readProtocol(onlyValue(right), negated);
  if (protocol === 'tcp' && field === 'flags') return withProtocol('tcp', readFlags(match, null));
  const icmp = family === 'ipv4' ? 'icmp' : 'icmpv6';
  if (protocol === icmp && (field === 'type' || field === 'code')) {
    const read = field === 'type' ? icmpType(onlyValue(right), negated, family) : icmpCode(onlyValue(right), negated);
    return withProtocol(icmp, read);
  }
  return null;
}

/** nft leaves the protocol out where a field tells it: it asks for both. */
function withProtocol(name: string, conditions: Condition[] | null): Condition[] | null {
  const protocol = protocolNumber(name);
  if (conditions === null || protocol === null) return null;
  return [{ kind: 'protocol', protocol, negated: false }, ...conditions];
}

function networkOf(value: Json, family: Family) {
  const prefix = objectIn(value, 'prefix');
  if (prefix !== null) return readNetwork(`${prefix.addr}/${prefix.len}`, family);
  return typeof value === 'string' && canonicalAddress(value, family) !== null ? readNetwork(value, family) : null;
}

function readProtocol(value: Json, negated: boolean): Condition[] | null {
  const protocol = typeof value === 'number' || typeof value === 'string' ? protocolNumber(String(value)) : null;
  return protocol === null ? null : [{ kind: 'protocol', protocol, negated }];
}

function readPorts({ right, op, negated }: Match, protocol: string, field: 'sport' | 'dport'): Condition[] | null {
  const kind = field === 'sport' ? 'source-port' : 'destination-port';
  const values = valuesOf(right);
  if (values === null) return null;
  const ranges: PortRange[] = [];
  for (const value of values) {
    const range = portRange(value, op);
    if (range === null) return null;
    ranges.push(range);
  }
  const ports: Condition[] = [{ kind, ranges: mergeRanges(ranges), negated }];
  return protocol === 'th' ? ports : withProtocol(protocol, ports);
}

/** A port, a range, or what lies above or below a port. */
export function portRange(value: Json, op = '=='): PortRange | null {
  const range = isObject(value) ? value.range : undefined;
  if (Array.isArray(range)) {
    const [from, to] = range;
    return typeof from === 'number' && typeof to === 'number' ? { from, to } : null;
  }
  if (typeof value !== 'number') return null;
  if (op === '<') return { from: 0, to: value - 1 };
  if (op === '<=') return { from: 0, to: value };
  if (op === '>') return { from: value + 1, to: 65535 };
  return op === '>=' ? { from: value, to: 65535 } : { from: value, to: value };
}

const flagBits: Readonly<Record<string, number>> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };

/** Flags by name, alone, in a list or joined by `|`; null for others. */
function flagsOf(value: Json): number | null {
  const joined = isObject(value) ? value['|'] : value;
  const names = Array.isArray(joined) ? (joined as readonly Json[]) : [joined ?? null];
  let bits = 0;
  for (const name of names) {
    const bit = isObject(name) ? flagsOf(name) : typeof name === 'string' ? flagBits[name] : name === 0 ? 0 : undefined;
    if (bit === undefined || bit === null) return null;
    bits |= bit;
  }
  return bits;
}

function readFlags({ right, op, negated }: Match, mask: number | null): Condition[] | null {
  const set = flagsOf(right);
  if (set === null) return null;
  if (mask !== null) return [{ kind: 'tcp-flags', mask, set, negated }];
  // `tcp flags syn` asks whether it is among those set; of several iptables cannot ask for any.
  return op === 'in' && (set & (set - 1)) === 0 ? [{ kind: 'tcp-flags', mask: set, set, negated: false }] : null;
}

function readMasked(match: Match, inner: Json, mask: Json): Condition[] | null {
  const { right, negated } = match;
  const payload = objectIn(inner, 'payload');
  if (payload?.protocol === 'tcp' && payload.field === 'flags') {
    const bits = flagsOf(mask);
    return bits === null ? null : withProtocol('tcp', readFlags(match, bits));
  }
  const isMark =
    objectIn(inner, 'meta')?.key === 'mark' ? 'mark' : objectIn(inner, 'ct')?.key === 'mark' ? 'connmark' : null;
  if (isMark === null || typeof mask !== 'number' || typeof right !== 'number') return null;
  return [{ kind: isMark, value: right, mask, negated }];
}

function icmpType(value: Json, negated: boolean, family: Family): Condition[] | null {
  if (typeof value === 'number') return [{ kind: 'icmp-type', type: value, code: null, negated }];
  if (typeof value !== 'string' || !/^[a-z-]+$/.test(value)) return null;
  const type = icmpTypes[family][value];
  return type === undefined ? null : [{ kind: 'icmp-type', type, code: null, negated }];
}

/** Stands for "of the type beside it"; the reader of the rule joins the two. */
function icmpCode(value: Json, negated: boolean): Condition[] | null {
  if (typeof value !== 'number' || negated) return null;
  return [{ kind: 'icmp-type', type: 255, code: { from: value, to: value }, negated: false }];
}

/** nft's names, of `nft describe icmp type` and `icmpv6 type`. */
const icmpTypes: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  ipv4: {
    'echo-reply': 0,
    'destination-unreachable': 3,
    'source-quench': 4,
    redirect: 5,
    'echo-request': 8,
    'router-advertisement': 9,
    'router-solicitation': 10,
    'time-exceeded': 11,
    'parameter-problem': 12,
    'timestamp-request': 13,
    'timestamp-reply': 14,
    'info-request': 15,
    'info-reply': 16,
    'address-mask-request': 17,
    'address-mask-reply': 18,
  },
  ipv6: {
    'destination-unreachable': 1,
    'packet-too-big': 2,
    'time-exceeded': 3,
    'parameter-problem': 4,
    'echo-request': 128,
    'echo-reply': 129,
    'mld-listener-query': 130,
    'mld-listener-report': 131,
    'mld-listener-done': 132,
    'mld-listener-reduction': 132,
    'nd-router-solicit': 133,
    'nd-router-advert': 134,
    'nd-neighbor-solicit': 135,
    'nd-neighbor-advert': 136,
    'nd-redirect': 137,
    'router-renumbering': 138,
    'ind-neighbor-solicit': 141,
    'ind-neighbor-advert': 142,
    'mld2-listener-report': 143,
  },
};

function readMeta({ right, negated, op, family }: Match, key: string): Condition[] | null {
  const value = onlyValue(right);
  if (!isPlain(op)) return null;
  if (key === 'l4proto') return readProtocol(value, negated);
  if (key === 'mark' && typeof value === 'number') return [{ kind: 'mark', value, mask: 0xffffffff, negated }];
  if (key === 'nfproto' && value === family && !negated) return [];
  const side = key.startsWith('i') ? 'in-interface' : 'out-interface';
  if (!['iif', 'oif', 'iifname', 'oifname'].includes(key) || typeof value !== 'string') return null;
  return [{ kind: side, name: value.replace(/\*$/, '+'), negated }];
}

const states: readonly ConntrackState[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'];

function readConntrack({ right, negated, op }: Match, key: string): Condition[] | null {
  if (!isPlain(op)) return null;
  if (key === 'mark' && typeof right === 'number')
    return [{ kind: 'connmark', value: right, mask: 0xffffffff, negated }];
  const values = valuesOf(right)?.map((value) => String(value).toUpperCase());
  const table = key === 'state' ? states : key === 'status' && op === 'in' ? (['SNAT', 'DNAT'] as const) : null;
  if (values === undefined || table === null || !values.every((value) => table.some((one) => one === value)))
    return null;
  return [{ kind: 'conntrack-state', states: table.filter((one) => values.includes(one)), negated }];
}

function readFib({ right, negated, op }: Match, fib: JsonObject): Condition[] | null {
  const flags = Array.isArray(fib.flags) ? fib.flags : [fib.flags];
  const value = onlyValue(right);
  if (fib.result !== 'type' || flags.length !== 1 || typeof value !== 'string' || !isPlain(op)) return null;
  const side = flags[0] === 'saddr' ? 'source' : flags[0] === 'daddr' ? 'destination' : null;
  return side === null ? null : [{ kind: 'address-type', side, types: [value.toUpperCase()], negated }];
}

function nameOf(left: Json | undefined): string {
  if (!isObject(left)) return 'match';
  const [name, inner] = Object.entries(left)[0] ?? ['match', null];
  const detail = isObject(inner)
    ? [inner.protocol, inner.field, inner.key].filter((part) => typeof part === 'string')
    : [];
  return [name, ...detail].join(' ');
}

/** `limit rate 5/minute burst 7 packets`. */
export function limitCondition(limit: JsonObject, family: Family): Condition {
  const { rate, per, burst, inv, rate_unit: unit } = limit;
  const plain =
    typeof rate === 'number' && typeof per === 'string' && inv !== true && (unit === undefined || unit === 'packets');
  if (!plain || !['second', 'minute', 'hour', 'day'].includes(per)) return { kind: 'unseen', module: 'limit' };
  const text = `-m limit --limit ${rate}/${per} --limit-burst ${typeof burst === 'number' ? burst : 5}`;
  return parseRule(text, family).conditions[0] ?? { kind: 'unseen', module: 'limit' };
}
