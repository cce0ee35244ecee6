import { canonicalAddress } from '../addresses.ts';
import type { ConntrackState, Family } from '../model.ts';
import { protocolNumber } from '../protocols.ts';
import { servicePort } from '../services.ts';

/** A packet as far as it is known: what is absent is unknown, but for the mark, which is 0. */
export interface Packet {
  readonly family: Family;
  /** Interfaces; at a hook that has only one of them the other is not seen. */
  readonly in?: string;
  readonly out?: string;
  readonly src?: string;
  readonly dst?: string;
  /** IP protocol number. */
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  /** Bits as in the TCP header: fin 1, syn 2, rst 4, psh 8, ack 16, urg 32. */
  readonly flags?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly mark: number;
  readonly state?: ConntrackState;
  /** Bytes with the IP header. */
  readonly length?: number;
  readonly ttl?: number;
}

/** A packet's words could not be read: which one, and what it must look like. */
export class PacketSyntaxError extends Error {
  override readonly name = 'PacketSyntaxError';
  readonly key: string;
  readonly expected: string;

  constructor(key: string, value: string, expected: string) {
    super(`${key}=${value} in the packet: expected ${expected}`);
    this.key = key;
    this.expected = expected;
  }
}

type Mutable = { -readonly [Key in keyof Packet]: Packet[Key] };
type Reader = (packet: Mutable, value: string) => string | undefined;

export const tcpFlagBits: Readonly<Record<string, number>> = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 };

const states: Readonly<Record<string, ConntrackState>> = {
  new: 'NEW',
  established: 'ESTABLISHED',
  related: 'RELATED',
  invalid: 'INVALID',
  untracked: 'UNTRACKED',
};

/** Each answers what was expected when it cannot read the value. */
const readers: Readonly<Record<string, Reader>> = {
  in: (packet, value) => take(value !== '', () => (packet.in = value), 'an interface'),
  out: (packet, value) => take(value !== '', () => (packet.out = value), 'an interface'),
  src: (packet, value) => address(packet, value, (text) => (packet.src = text)),
  dst: (packet, value) => address(packet, value, (text) => (packet.dst = text)),
  proto: (packet, value) => {
    const number = protocolNumber(value.toLowerCase());
    return take(number !== null, () => (packet.protocol = number ?? 0), 'a protocol such as tcp, udp or icmp');
  },
  sport: (packet, value) => port(value, (number) => (packet.sport = number)),
  dport: (packet, value) => port(value, (number) => (packet.dport = number)),
  flags: (packet, value) => {
    const names = value === 'none' ? [] : value.split(',');
    const known = names.every((name) => Object.hasOwn(tcpFlagBits, name));
    const bits = names.reduce((sum, name) => sum | (tcpFlagBits[name] ?? 0), 0);
    return take(known, () => (packet.flags = bits), 'a comma list of fin, syn, rst, psh, ack, urg, or none');
  },
  'icmp-type': (packet, value) => integer(value, 255, (number) => (packet.icmpType = number)),
  'icmp-code': (packet, value) => integer(value, 255, (number) => (packet.icmpCode = number)),
  mark: (packet, value) => integer(value, 0xffffffff, (number) => (packet.mark = number)),
  state: (packet, value) => {
    const state = states[value.toLowerCase()];
    return take(state !== undefined, () => (packet.state = state as ConntrackState), Object.keys(states).join(', '));
  },
  length: (packet, value) => integer(value, 65535, (number) => (packet.length = number)),
  ttl: (packet, value) => integer(value, 255, (number) => (packet.ttl = number)),
};

/**
 * Reads `in=eth0 src=10.0.0.1 dst=10.0.0.2 proto=tcp dport=80 state=new`. Without a family the addresses and the protocol tell.
 *
 * @throws PacketSyntaxError naming the key and what was expected.
 */
export function parsePacket(text: string, family?: Family): Packet {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  const pairs = words.map((word): readonly [string, string] => {
    const at = word.indexOf('=');
    if (at < 0) throw new PacketSyntaxError(word, '', `KEY=VALUE with a key of ${Object.keys(readers).join(', ')}`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
  const packet: Mutable = { family: family ?? familyOf(pairs), mark: 0 };
  const seen = new Set<string>();
  for (const [key, value] of pairs) {
    const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (reader === undefined) throw new PacketSyntaxError(key, value, `a key of ${Object.keys(readers).join(', ')}`);
    if (seen.has(key)) throw new PacketSyntaxError(key, value, 'each key once');
    seen.add(key);
    const expected = reader(packet, value);
    if (expected !== undefined) throw new PacketSyntaxError(key, value, expected);
  }
  return packet;
}

function familyOf(pairs: readonly (readonly [string, string])[]): Family {
  const six = pairs.some(
    ([key, value]) =>
      ((key === 'src' || key === 'dst') && value.includes(':')) ||
      (key === 'proto' && /^(icmp6|icmpv6|ipv6-icmp|58)$/i.test(value)),
  );
  return six ? 'ipv6' : 'ipv4';
}

function take(right: boolean, set: () => unknown, expected: string): string | undefined {
  if (!right) return expected;
  set();
  return undefined;
}

function address(packet: Packet, value: string, set: (text: string) => unknown): string | undefined {
  const text = canonicalAddress(value, packet.family);
  return take(text !== null, () => set(text ?? ''), packet.family === 'ipv4' ? 'an IPv4 address' : 'an IPv6 address');
}

function port(value: string, set: (number: number) => unknown): string | undefined {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : (servicePort(value) ?? -1);
  return take(number >= 0 && number <= 65535, () => set(number), 'a port from 0 to 65535');
}

function integer(value: string, most: number, set: (number: number) => unknown): string | undefined {
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : -1;
  return take(number >= 0 && number <= most, () => set(number), `a number from 0 to ${most}`);
}
