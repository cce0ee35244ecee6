/** Match statements of libnftables-json(5) as conditions of iptables. */

import { canonicalAddress, readNetwork } from '../addresses.ts';
import { addressTypes } from '../extensions/state.ts';
import { tcpFlags } from '../extensions/tcp-flags.ts';
import type { Condition, ConntrackState, Family, PortRange } from '../model.ts';
import { parseRule } from '../parse.ts';
import { protocolNumber } from '../protocols.ts';
import { readNumgen, readRandom } from './json-chance.ts';
import { networkIn, readConnection, readField, readReversePath, readStatus, readTcpOption } from './json-fields.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  type Match,
  objectIn,
  onlyValue,
  portRange,
  valuesOf,
} from './json-values.ts';
import { mergeRanges } from './xt-matches.ts';

/** What a match statement asks for; `unseen` where iptables has no word for it. */
export function matchConditions(match: JsonObject, family: Family): Condition[] {
  const { left, right, op } = match;
  // `!` of flags: none of them.
  const negated = op === '!=' || op === '!';
  const known = typeof op === 'string' && ['==', '!=', '!', 'in', '<', '>', '<=', '>='].includes(op);
  const found = known && left !== undefined && right !== undefined ? read({ left, right, op, negated, family }) : null;
  return found ?? [{ kind: 'unseen', module: nameOf(left) }];
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
  if (ct !== null) return readConntrack(match, String(ct.key), ct.dir);
  const numbers = objectIn(left, 'numgen');
  if (numbers !== null) return readNumgen(match, numbers);
  const option = objectIn(left, 'tcp option');
  if (option !== null) return readTcpOption(match, option);
  const fib = objectIn(left, 'fib');
  return fib === null ? null : readFib(match, fib);
}

/** Equal, unlike, or among; of flags also none. Comparisons by size are for ports alone. */
const isPlain = (op: string): boolean => op === '==' || op === '!=' || op === 'in';

function readPayload(match: Match, protocol: string, field: string): Condition[] | null {
  const { right, negated, family, op } = match;
  if (field === 'sport' || field === 'dport') return readPorts(match, protocol, field);
  if (protocol === 'tcp' && field === 'flags') return withProtocol('tcp', readFlags(match, null));
  const number = readField(match, `${protocol} ${field}`);
  if (number !== null || !isPlain(op)) return number;
  if (protocol === 'ether' && field === 'saddr') {
    const address = onlyValue(right);
    return typeof address === 'string' ? [{ kind: 'mac-source', address: address.toLowerCase(), negated }] : null;
  }
  const own = family === 'ipv4' ? 'ip' : 'ip6';
  if (protocol === own && (field === 'saddr' || field === 'daddr')) {
    const network = networkIn(onlyValue(right), family);
    return network === null ? null : [{ kind: field === 'saddr' ? 'source' : 'destination', network, negated }];
  }
  if (protocol === own && (field === 'protocol' || field === 'nexthdr')) return readProtocol(onlyValue(right), negated);
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
  if (mask !== null) return [tcpFlags(mask, set, negated)];
  // `tcp flags syn` asks whether it is among those set, `syn,fin` whether any is, and `! syn,fin` whether none is.
  if (op === 'in' && set !== 0) return [tcpFlags(set, 0, true)];
  return op === '!' ? [tcpFlags(set, 0, false)] : null;
}

function readMasked(match: Match, inner: Json, mask: Json): Condition[] | null {
  const { right, negated } = match;
  const payload = objectIn(inner, 'payload');
  if (payload?.protocol === 'tcp' && payload.field === 'flags') {
    const bits = flagsOf(mask);
    return bits === null ? null : withProtocol('tcp', readFlags(match, bits));
  }
  const side = { saddr: 'source', daddr: 'destination' } as const;
  const addresses = payload?.protocol === (match.family === 'ipv4' ? 'ip' : 'ip6') ? String(payload.field) : '';
  if ((addresses === 'saddr' || addresses === 'daddr') && typeof mask === 'string' && typeof right === 'string') {
    const network = readNetwork(`${right}/${mask}`, match.family);
    // Bits of the address outside of the mask can never be met.
    const isWhole = network?.address === canonicalAddress(right, match.family);
    return network !== null && isWhole ? [{ kind: side[addresses], network, negated }] : null;
  }
  if (payload?.protocol === 'ip' && payload.field === 'frag-off' && mask === 0x1fff && right === 0) {
    return match.family === 'ipv4' ? [{ kind: 'fragment', negated: !negated }] : null;
  }
  if (objectIn(inner, 'meta')?.key === 'random') return readRandom(match, mask);
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
  const number = readField({ left: null, right, negated, op, family }, `meta ${key}`);
  if (number !== null || !isPlain(op)) return number;
  if (key === 'pkttype' && (value === 'broadcast' || value === 'multicast' || value === 'unicast' || value === 'host'))
    return [{ kind: 'packet-type', type: value === 'host' ? 'unicast' : value, negated }];
  if (key === 'l4proto') return readProtocol(value, negated);
  if (key === 'mark' && typeof value === 'number') return [{ kind: 'mark', value, mask: 0xffffffff, negated }];
  if (key === 'nfproto' && value === family && !negated) return [];
  const side = key.startsWith('i') ? 'in-interface' : 'out-interface';
  if (!['iif', 'oif', 'iifname', 'oifname'].includes(key) || typeof value !== 'string') return null;
  return [{ kind: side, name: value.replace(/\*$/, '+'), negated }];
}

const states: readonly ConntrackState[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'];

function readConntrack(match: Match, key: string, direction: Json | undefined): Condition[] | null {
  const { right, negated, op } = match;
  if (key === 'status') return readStatus(match);
  if (direction !== undefined || !['mark', 'state'].includes(key)) return readConnection(match, key, direction);
  if (!isPlain(op) && op !== '!') return null;
  if (key === 'mark' && typeof right === 'number')
    return [{ kind: 'connmark', value: right, mask: 0xffffffff, negated }];
  const values = valuesOf(right)?.map((value) => String(value).toUpperCase());
  if (key !== 'state' || values === undefined || !values.every((value) => states.some((one) => one === value)))
    return null;
  return [{ kind: 'conntrack-state', states: states.filter((one) => values.includes(one)), negated }];
}

function readFib({ right, negated, op, family }: Match, fib: JsonObject): Condition[] | null {
  const flags = Array.isArray(fib.flags) ? fib.flags : [fib.flags];
  if (fib.result === 'oif')
    return readReversePath({ left: null, right, negated, op, family }, flags as readonly Json[]);
  const types = valuesOf(right)?.map((one) => String(one).toUpperCase());
  if (fib.result !== 'type' || types === undefined || !isPlain(op)) return null;
  const side = flags.includes('saddr') ? 'source' : flags.includes('daddr') ? 'destination' : null;
  const on = flags.filter((flag) => flag !== 'saddr' && flag !== 'daddr');
  if (side === null || flags.length !== on.length + 1 || !types.every((type) => addressTypes.includes(type)))
    return null;
  const limit = on.length === 1 && (on[0] === 'iif' || on[0] === 'oif') ? on[0] : null;
  if (on.length > 0 && limit === null) return null;
  const limited = limit === null ? {} : { limit: limit === 'iif' ? ('in' as const) : ('out' as const) };
  return [{ kind: 'address-type', side, types, ...limited, negated }];
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
