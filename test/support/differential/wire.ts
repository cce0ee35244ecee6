/** Packets as bytes, built and read back (RFC 791, 8200, 9293, 768, 792, 4443). */

import { readIPv6, writeIPv6 } from '../../../engine/netfilter/addresses.ts';
import type { Family } from '../../../engine/netfilter/index.ts';

/** What a packet's headers hold. */
export interface Headers {
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  readonly sport?: number;
  readonly dport?: number;
  /** Bits as in the TCP header. */
  readonly flags?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly ttl: number;
  readonly dscp: number;
  /** Maximum segment size that a SYN offers. */
  readonly mss?: number;
}

export interface Content extends Headers {
  readonly icmpId?: number;
  /** Bytes after the transport header. */
  readonly payload: number;
  /** The packet that an ICMP error is about; its first bytes stand in the error. */
  readonly about?: Content;
  readonly badChecksum?: boolean;
}

export const TCP = 6;
export const UDP = 17;
export const UDPLITE = 136;
export const icmpOf = (family: Family): number => (family === 'ipv6' ? 58 : 1);

export function addressBytes(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  return Buffer.from((readIPv6(text) ?? []).flatMap((group) => [group >> 8, group & 255]));
}

/** RFC 1071. */
function sum(data: Buffer): number {
  let total = 0;
  for (let at = 0; at < data.length; at += 2) total += ((data[at] ?? 0) << 8) + (data[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

/** The whole IP packet. */
export function toBytes(content: Content, family: Family): Buffer {
  const body = transport(content, family);
  const src = addressBytes(content.src);
  const dst = addressBytes(content.dst);
  if (family === 'ipv6') {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(((6 << 28) | (content.dscp << 22)) >>> 0, 0);
    header.writeUInt16BE(body.length, 4);
    header[6] = content.protocol;
    header[7] = content.ttl;
    return Buffer.concat([header, src, dst, body]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header[1] = content.dscp << 2;
  header.writeUInt16BE(20 + body.length, 2);
  header.writeUInt16BE(0x1234, 4);
  header[8] = content.ttl;
  header[9] = content.protocol;
  const whole = Buffer.concat([header, src, dst]);
  whole.writeUInt16BE(sum(whole), 10);
  return Buffer.concat([whole, body]);
}

function transport(content: Content, family: Family): Buffer {
  const { protocol, sport = 0, dport = 0 } = content;
  const payload = Buffer.alloc(content.payload, 0x61);
  if (protocol === TCP) {
    const options =
      content.mss === undefined ? Buffer.alloc(0) : Buffer.from([2, 4, content.mss >> 8, content.mss & 255]);
    const header = Buffer.alloc(20);
    header.writeUInt16BE(sport, 0);
    header.writeUInt16BE(dport, 2);
    header.writeUInt32BE(1000, 4);
    header.writeUInt32BE((content.flags ?? 0) & 16 ? 2000 : 0, 8);
    header[12] = (5 + options.length / 4) << 4;
    header[13] = content.flags ?? 0;
    header.writeUInt16BE(8192, 14);
    return checked(Buffer.concat([header, options, payload]), 16, content, family);
  }
  if (protocol === UDP || protocol === UDPLITE) {
    const header = Buffer.alloc(8);
    header.writeUInt16BE(sport, 0);
    header.writeUInt16BE(dport, 2);
    // UDP-Lite has here how much the checksum covers: all of it.
    header.writeUInt16BE(protocol === UDP ? 8 + payload.length : 0, 4);
    return checked(Buffer.concat([header, payload]), 6, content, family);
  }
  if (protocol === 1 || protocol === 58) {
    const header = Buffer.alloc(8);
    header[0] = content.icmpType ?? 0;
    header[1] = content.icmpCode ?? 0;
    header.writeUInt16BE(content.icmpId ?? 0, 4);
    const inside = content.about === undefined ? payload : toBytes(content.about, family).subarray(0, 68);
    if (content.about !== undefined) header.fill(0, 4, 8);
    return checked(Buffer.concat([header, inside]), 2, content, family);
  }
  // Nothing in these that netfilter reads; GRE of version 0 without a key.
  return Buffer.concat([Buffer.from([0, 0, 8, 0, 0, 0, 0, 1]), payload]);
}

function checked(segment: Buffer, at: number, content: Content, family: Family): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(segment.length);
  const pseudo =
    content.protocol === 1
      ? Buffer.alloc(0)
      : Buffer.concat([
          addressBytes(content.src),
          addressBytes(content.dst),
          family === 'ipv6' ? length : length.subarray(2),
          Buffer.from(family === 'ipv6' ? [0, 0, 0, content.protocol] : [0, content.protocol]),
        ]);
  // IPv4's pseudo header has the protocol first; the sum is the same in any order of 16-bit words.
  const found = sum(Buffer.concat([pseudo, segment]));
  const right = found === 0 && content.protocol !== TCP ? 0xffff : found;
  segment.writeUInt16BE(content.badChecksum === true ? right ^ 0x5555 : right, at);
  return segment;
}

/** An address in canonical text. */
const addressText = (bytes: Buffer): string =>
  bytes.length === 4
    ? [...bytes].join('.')
    : writeIPv6(Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2)));

/** Reads an IP packet's headers. */
export function fromBytes(bytes: Buffer): Headers {
  const six = (bytes[0] ?? 0) >> 4 === 6;
  const start = six ? 40 : ((bytes[0] ?? 0) & 15) * 4;
  const protocol = bytes[six ? 6 : 9] ?? 0;
  const base: Headers = {
    src: addressText(six ? bytes.subarray(8, 24) : bytes.subarray(12, 16)),
    dst: addressText(six ? bytes.subarray(24, 40) : bytes.subarray(16, 20)),
    protocol,
    ttl: bytes[six ? 7 : 8] ?? 0,
    dscp: six ? (bytes.readUInt16BE(0) >> 6) & 63 : (bytes[1] ?? 0) >> 2,
  };
  if (protocol === TCP || protocol === UDP || protocol === UDPLITE) {
    const ports = { sport: bytes.readUInt16BE(start), dport: bytes.readUInt16BE(start + 2) };
    if (protocol !== TCP) return { ...base, ...ports };
    const mss = mssOf(bytes.subarray(start));
    return { ...base, ...ports, flags: bytes[start + 13] ?? 0, ...(mss === undefined ? {} : { mss }) };
  }
  if (protocol === 1 || protocol === 58)
    return { ...base, icmpType: bytes[start] ?? 0, icmpCode: bytes[start + 1] ?? 0 };
  return base;
}

function mssOf(segment: Buffer): number | undefined {
  const end = ((segment[12] ?? 0) >> 4) * 4;
  return end >= 24 && segment[20] === 2 ? segment.readUInt16BE(22) : undefined;
}
