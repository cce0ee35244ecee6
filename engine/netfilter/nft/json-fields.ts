/** Matches of libnftables-json(5) on numbers that packets carry, on what conntrack knows, and on routes, as conditions of iptables. */

import { readNetwork } from '../addresses.ts';
import type { Condition, ConnectionStatus, Family, PacketField, PortRange } from '../model.ts';
import { protocolNumber } from '../protocols.ts';
import { isObject, type Json, type JsonObject, type Match, onlyValue, portRange, valuesOf } from './json-values.ts';
import { mergeRanges } from './xt-matches.ts';

const most: Readonly<Record<PacketField, number>> = {
  length: 65_535,
  ttl: 255,
  'hop-limit': 255,
  dscp: 63,
  'tcp-mss': 65_535,
  uid: 0xffff_ffff,
  gid: 0xffff_ffff,
};

/** A number of a header or a socket, by its name in nft; null for what is none of these. */
export function readField(match: Match, name: string): Condition[] | null {
  const field = (match.family === 'ipv4' ? fields4 : fields6)[name] ?? fields[name];
  return field === undefined ? null : numbersIn(match, field);
}

const fields: Readonly<Record<string, PacketField>> = {
  'meta length': 'length',
  'meta skuid': 'uid',
  'meta skgid': 'gid',
};
const fields4: Readonly<Record<string, PacketField>> = { 'ip ttl': 'ttl', 'ip length': 'length', 'ip dscp': 'dscp' };
const fields6: Readonly<Record<string, PacketField>> = { 'ip6 hoplimit': 'hop-limit', 'ip6 dscp': 'dscp' };

/** `tcp option maxseg size`. */
export function readTcpOption(match: Match, { name, field }: JsonObject): Condition[] | null {
  if (name !== 'maxseg' || field !== 'size') return null;
  const tcp: Condition = { kind: 'protocol', protocol: 6, negated: false };
  // A segment without the option meets neither the question nor its opposite in nft, and the opposite in iptables.
  const there: Condition = { kind: 'field', field: 'tcp-mss', ranges: [{ from: 0, to: 65_535 }], negated: false };
  const asked = numbersIn(match, 'tcp-mss');
  return asked === null ? null : [tcp, ...(match.negated ? [there] : []), ...asked];
}

function numbersIn({ right, op, negated }: Match, field: PacketField): Condition[] | null {
  const ranges: PortRange[] = [];
  for (const value of valuesOf(right) ?? [null]) {
    const range = portRange(field === 'dscp' ? dscpOf(value) : value, op);
    if (range === null) return null;
    if (range.from <= range.to && range.from <= most[field])
      ranges.push({ ...range, to: Math.min(range.to, most[field]) });
  }
  const asked: Condition = { kind: 'field', field, ranges: mergeRanges(ranges), negated };
  // Without a socket nft's question has no answer, and iptables' opposite holds.
  return negated && (field === 'uid' || field === 'gid') ? [{ kind: 'socket', negated: false }, asked] : [asked];
}

/** RFC 2474, RFC 2597, RFC 3246, RFC 8622 (`nft describe ip dscp`). */
export function dscpOf(value: Json): Json {
  if (typeof value !== 'string') return value;
  const [, kind, high, low] = /^(cs|af)([0-7])([1-3])?$/.exec(value) ?? [];
  if (kind === 'cs' && low === undefined) return Number(high) * 8;
  if (kind === 'af' && low !== undefined) return Number(high) * 8 + Number(low) * 2;
  return { be: 0, df: 0, ef: 46, 'voice-admit': 44, va: 44, le: 1, lephb: 1 }[value] ?? null;
}

const statuses: Readonly<Record<string, ConnectionStatus>> = {
  expected: 'EXPECTED',
  'seen-reply': 'SEEN_REPLY',
  assured: 'ASSURED',
  confirmed: 'CONFIRMED',
};

/** `ct status`: any of the names, or with `!` none of them. Without a connection neither holds. */
export function readStatus({ right, op, negated }: Match): Condition[] | null {
  const names = valuesOf(right)?.map(String);
  // Equal to a list is another question than having one of it.
  if (names === undefined || (op !== 'in' && op !== '!')) return null;
  const nat = names.map((name) => name.toUpperCase()).filter((name) => name === 'SNAT' || name === 'DNAT');
  if (nat.length === names.length) {
    const states = { kind: 'conntrack-state', states: nat, negated } as const;
    return negated
      ? [{ kind: 'conntrack-state', states: ['NEW', 'RELATED', 'ESTABLISHED'], negated: false }, states]
      : [states];
  }
  const found = names.flatMap((name) => statuses[name] ?? []);
  return found.length === names.length ? [{ kind: 'connection-status', statuses: found, negated }] : null;
}

/** Other things that conntrack knows of a packet's connection. */
export function readConnection(
  { right, op, negated, family }: Match,
  key: string,
  direction: Json | undefined,
): Condition[] | null {
  const value = onlyValue(right);
  if (key === 'direction') {
    return value === 'original' || value === 'reply'
      ? [{ kind: 'connection-direction', direction: value, negated }]
      : null;
  }
  if (key === 'protocol' || key === 'l4proto') {
    const protocol = typeof value === 'string' || typeof value === 'number' ? protocolNumber(String(value)) : null;
    return protocol === null ? null : [{ kind: 'connection-protocol', protocol, negated }];
  }
  if (direction !== 'original' && direction !== 'reply') return null;
  const [of, part = of] = key.split(/[ -]/);
  const side =
    part === 'saddr' || part === 'src' ? 'source' : part === 'daddr' || part === 'dst' ? 'destination' : null;
  if (side === null) return null;
  if (of === 'proto') {
    const ranges = valuesOf(right)?.map((one) => portRange(one, op)) ?? [null];
    return ranges.every((one) => one !== null)
      ? [{ kind: 'tuple-port', direction, side, ranges: mergeRanges(ranges), negated }]
      : null;
  }
  const network = networkIn(value, family);
  return network === null ? null : [{ kind: 'tuple-address', direction, side, network, negated }];
}

/** An address or a prefix. */
export function networkIn(value: Json, family: Family) {
  const prefix = isObject(value) && isObject(value.prefix) ? value.prefix : null;
  const text = prefix !== null ? `${prefix.addr}/${prefix.len}` : typeof value === 'string' ? value : '';
  return /^[0-9a-f.:/]+$/i.test(text) ? readNetwork(text, family) : null;
}

/** `fib saddr . iif oif missing`, which is what xt_rpfilter asks. */
export function readReversePath({ right, op }: Match, flags: readonly Json[]): Condition[] | null {
  const asked = flags.filter((flag) => flag !== 'saddr' && flag !== 'iif' && flag !== 'mark');
  const isMissing = right === false || right === 0 || right === '0';
  if (!flags.includes('saddr') || asked.length > 0 || !isMissing || (op !== '==' && op !== '!=')) return null;
  return [
    {
      kind: 'reverse-path',
      loose: !flags.includes('iif'),
      mark: flags.includes('mark'),
      acceptLocal: false,
      negated: op === '==',
    },
  ];
}
