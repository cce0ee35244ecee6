/** A packet as rules see it, and its text: `in=eth0 src=10.0.0.2 proto=tcp dport=80 state=new`. */

import { canonicalAddress } from '../addresses.ts';
import type { Family } from '../model.ts';
import { protocolNumber } from '../protocols.ts';
import type { Connection } from './connection.ts';

/** What conntrack says of the packet; a connection is in exactly one of these. */
export type PacketState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';

/**
 * A field that is missing is unknown, but for the mark, which is then 0, and interfaces, which the hook decides. It is no fragment, and has no
 * IPv6 extension headers.
 */
export interface Packet {
  readonly family: Family;
  readonly in?: string;
  readonly out?: string;
  readonly src?: string;
  readonly dst?: string;
  /** IANA's number. */
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  /** Bits as in the TCP header: fin 1, syn 2, rst 4, psh 8, ack 16, urg 32. */
  readonly flags?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly mark?: number;
  readonly state?: PacketState;
  readonly length?: number;
  readonly ttl?: number;
  /** Which end of its connection sent it: the one that opened it, or the other. */
  readonly dir?: 'original' | 'reply';
  /** The connection that it belongs to, for a packet that does not open one: its nat is done to the packet. */
  readonly connection?: Connection;
  /** The connection's mark. Missing: 0 for a new connection, else unknown. */
  readonly connmark?: number;
  /** The sender's hardware address, lower case with colons. */
  readonly mac?: string;
  /** Who sent it, for a packet of this host: numeric ids. */
  readonly uid?: number;
  readonly gid?: number;
  /** The six bits of DiffServ (RFC 2474). */
  readonly dscp?: number;
  /** What a SYN offers as its TCP maximum segment size. */
  readonly mss?: number;
}

/** Text that is no packet: the key at fault, and what was expected there. */
export class PacketSyntaxError extends Error {
  override readonly name = 'PacketSyntaxError';
  readonly key: string;
  readonly expected: string;

  constructor(key: string, message: string, expected: string) {
    super(`${message}: expected ${expected}`);
    this.key = key;
    this.expected = expected;
  }
}

export const flagBits: Readonly<Record<string, number>> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };
const states: readonly string[] = ['new', 'established', 'related', 'invalid', 'untracked'];

type Fields = { -readonly [K in keyof Packet]?: Packet[K] };
type Reader = (value: string, fields: Fields, family: Family) => string | null;

/** Each reader puts its value into the packet, or says what it expected. */
const readers: Readonly<Record<string, Reader>> = {
  in: (value, fields) => readInterface(value, (name) => (fields.in = name)),
  out: (value, fields) => readInterface(value, (name) => (fields.out = name)),
  src: (value, fields, family) => readAddress(value, family, (address) => (fields.src = address)),
  dst: (value, fields, family) => readAddress(value, family, (address) => (fields.dst = address)),
  proto(value, fields) {
    const protocol = protocolNumber(value);
    if (protocol === null || protocol === 0) return 'a protocol by name (tcp, udp, icmp ...) or a number from 1 to 255';
    fields.protocol = protocol;
    return null;
  },
  sport: (value, fields) => readNumber(value, 65535, 'a port from 0 to 65535', (port) => (fields.sport = port)),
  dport: (value, fields) => readNumber(value, 65535, 'a port from 0 to 65535', (port) => (fields.dport = port)),
  flags(value, fields) {
    const names = value === 'none' ? [] : value.split(',');
    if (!names.every((name) => Object.hasOwn(flagBits, name)))
      return `none or some of ${Object.keys(flagBits).join(',')}`;
    fields.flags = names.reduce((bits, name) => bits | (flagBits[name] ?? 0), 0);
    return null;
  },
  'icmp-type': (value, fields) => readNumber(value, 255, 'a number from 0 to 255', (type) => (fields.icmpType = type)),
  'icmp-code': (value, fields) => readNumber(value, 255, 'a number from 0 to 255', (code) => (fields.icmpCode = code)),
  mark: (value, fields) => readNumber(value, 0xffffffff, 'a number up to 0xffffffff', (mark) => (fields.mark = mark)),
  state(value, fields) {
    if (!states.includes(value)) return `one of ${states.join(', ')}`;
    fields.state = value.toUpperCase() as PacketState;
    return null;
  },
  length: (value, fields) => readNumber(value, 65535, 'bytes from 0 to 65535', (length) => (fields.length = length)),
  ttl: (value, fields) => readNumber(value, 255, 'a number from 0 to 255', (ttl) => (fields.ttl = ttl)),
  dir(value, fields) {
    if (value !== 'original' && value !== 'reply') return 'original or reply';
    fields.dir = value;
    return null;
  },
  connmark: (value, fields) =>
    readNumber(value, 0xffffffff, 'a number up to 0xffffffff', (mark) => (fields.connmark = mark)),
  mac(value, fields) {
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) return 'a hardware address, as 02:00:00:00:00:01';
    fields.mac = value.toLowerCase();
    return null;
  },
  uid: (value, fields) => readNumber(value, 0xfffffffe, 'a numeric user id', (uid) => (fields.uid = uid)),
  gid: (value, fields) => readNumber(value, 0xfffffffe, 'a numeric group id', (gid) => (fields.gid = gid)),
  dscp: (value, fields) => readNumber(value, 63, 'a number from 0 to 63', (dscp) => (fields.dscp = dscp)),
  mss: (value, fields) => readNumber(value, 65535, 'bytes from 0 to 65535', (mss) => (fields.mss = mss)),
};

function readInterface(value: string, keep: (name: string) => void): string | null {
  // IFNAMSIZ of linux/if.h: fifteen characters and a zero.
  if (!/^[^\s/:]{1,15}$/.test(value)) return "an interface's name";
  keep(value);
  return null;
}

function readAddress(value: string, family: Family, keep: (address: string) => void): string | null {
  const whole = family === 'ipv6' || value.split('.').length === 4;
  const address = whole ? canonicalAddress(value, family) : null;
  if (address === null) return family === 'ipv4' ? 'an IPv4 address' : 'an IPv6 address';
  keep(address);
  return null;
}

function readNumber(value: string, most: number, expected: string, keep: (number: number) => void): string | null {
  const number = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(value) ? Number(value) : Number.NaN;
  if (!(number <= most)) return expected;
  keep(number);
  return null;
}

/** The family that a packet's text speaks of: an IPv6 address or icmpv6 in it, else IPv4. */
export function packetFamily(text: string): Family {
  return /(^|\s)(src|dst)=[^\s]*:|(^|\s)proto=(icmp6|icmpv6|ipv6-icmp|58)(\s|$)/i.test(text) ? 'ipv6' : 'ipv4';
}

/**
 * Reads `key=value` words. Keys: in out src dst proto sport dport flags (comma list, lower case) icmp-type icmp-code mark state length
 * ttl dir connmark mac uid gid dscp mss. Throws PacketSyntaxError.
 */
export function parsePacket(text: string, family: Family = packetFamily(text)): Packet {
  const fields: Fields = {};
  const seen = new Set<string>();
  for (const word of text.trim().split(/\s+/)) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (equals < 0 || reader === undefined) {
      throw new PacketSyntaxError(
        key,
        `"${word}" is no part of a packet`,
        `KEY=VALUE with one of the keys ${keysText}`,
      );
    }
    if (seen.has(key)) throw new PacketSyntaxError(key, `${key} is given twice`, 'each key once');
    seen.add(key);
    const expected = reader(word.slice(equals + 1), fields, family);
    if (expected !== null) throw new PacketSyntaxError(key, `${key}=${word.slice(equals + 1)} is not right`, expected);
  }
  checkTogether(fields, seen);
  return { family, ...fields };
}

const keysText = Object.keys(readers).join(' ');
const withPorts: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** Whether packets of this protocol have ports (tcp, udp, dccp, sctp, udplite). */
export const hasPorts = (protocol: number): boolean => withPorts.has(protocol);

function checkTogether(fields: Fields, seen: ReadonlySet<string>): void {
  const { protocol } = fields;
  if (protocol === undefined) return;
  for (const key of ['sport', 'dport']) {
    if (seen.has(key) && !hasPorts(protocol)) throw misplaced(key, 'a protocol with ports (tcp, udp, sctp ...) for it');
  }
  if (seen.has('flags') && protocol !== 6) throw misplaced('flags', 'proto=tcp for it');
  for (const key of ['icmp-type', 'icmp-code']) {
    if (seen.has(key) && protocol !== 1 && protocol !== 58) throw misplaced(key, 'proto=icmp or proto=icmpv6 for it');
  }
}

const misplaced = (key: string, expected: string): PacketSyntaxError =>
  new PacketSyntaxError(key, `${key} does not go with the protocol`, expected);
