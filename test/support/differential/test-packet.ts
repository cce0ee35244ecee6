/** A packet of the differential test: how it is put into the kernel, and what the simulator is told of it. */

import type { Family, Packet, PacketState } from '../../../engine/netfilter/index.ts';
import {
  type Connection,
  hasDestinationNat,
  hasSourceNat,
  inverted,
  type Tuple,
} from '../../../engine/netfilter/simulate/connection.ts';
import { links } from './host.ts';
import { type Content, icmpOf, TCP, toBytes } from './wire.ts';

/** What conntrack knows of the packet's connection before it comes. */
export type Standing =
  /** Nothing. */
  | { readonly kind: 'first' }
  /**
   * A connection that both ends have spoken in; the packet is one end's. Where nat changed its source or destination, the other address
   * (and port) is the one that this packet does not show: what nat made of it, or what it was before.
   */
  | {
      readonly kind: 'original' | 'reply';
      readonly connmark: number;
      /** conntrack's word for a connection that it would not give up when its table is full; nothing in the packet tells. */
      readonly assured: boolean;
      readonly source?: NatSide;
      readonly destination?: NatSide;
    };

export interface NatSide {
  readonly address: string;
  readonly port?: number;
}

export interface TestPacket extends Omit<Content, 'about'> {
  /** The interface it comes in through, or `output`: this host sends it. */
  readonly via: 'eth0' | 'eth1' | 'eth2' | 'output';
  readonly standing: Standing;
  /** Of a packet that this host sends. */
  readonly mark: number;
  readonly uid: number;
  /** The ICMP error is about a packet of this: what is said of its standing is the connection's. */
  readonly about?: Content;
}

/** One end's view of a connection, as ctnetlink takes it. */
interface Side {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpId?: number;
  readonly icmpType?: number;
}

export interface ConnectionJob {
  readonly protocol: number;
  readonly original: Side;
  readonly reply: Side;
  readonly assured: boolean;
  readonly mark: number;
  /** What nat makes of an original packet. */
  readonly nat: { readonly source?: NatSide; readonly destination?: NatSide };
}

/** What the program in the lab is given. */
export interface PacketJob {
  readonly via: string;
  readonly bytes: string;
  readonly dst: string;
  readonly toMac?: string;
  readonly mark?: number;
  readonly uid?: number;
  readonly scope?: number;
  readonly connections: readonly ConnectionJob[];
}

export function packetJob(packet: TestPacket, family: Family): PacketJob {
  const sent = packet.via === 'output';
  return {
    via: packet.via,
    bytes: toBytes(packet, family).toString('hex'),
    dst: packet.dst,
    connections: connectionsOf(packet, family),
    ...(sent ? { mark: packet.mark, uid: packet.uid } : {}),
    ...(sent ? {} : groupMac(packet.dst)),
  };
}

/** Frames to groups carry the group in their address (RFC 1112, RFC 2464). */
function groupMac(dst: string): { toMac?: string } {
  if (dst === '255.255.255.255' || dst === '10.0.1.255') return { toMac: 'ff:ff:ff:ff:ff:ff' };
  if (dst === '224.0.0.1') return { toMac: '01:00:5e:00:00:01' };
  if (dst === 'ff02::1') return { toMac: '33:33:00:00:00:01' };
  return {};
}

function connectionsOf(packet: TestPacket, family: Family): readonly ConnectionJob[] {
  const { standing } = packet;
  if (standing.kind === 'first') return [];
  const { original, reply, protocol } = connectionOf(packet, standing);
  const icmp = protocol === icmpOf(family);
  const icmpId = (packet.about ?? packet).icmpId ?? 0;
  const [request, answer] = family === 'ipv6' ? [128, 129] : [8, 0];
  const side = (tuple: Tuple, icmpType: number): Side => (icmp ? { ...tuple, icmpId, icmpType } : tuple);
  const natSide = (address: string, port: number | undefined) => (port === undefined ? { address } : { address, port });
  return [
    {
      protocol,
      original: side(original, request),
      reply: side(inverted(original), answer),
      assured: standing.assured,
      mark: standing.connmark,
      nat: {
        ...(hasSourceNat({ original, reply }) ? { source: natSide(reply.dst, reply.dport) } : {}),
        ...(hasDestinationNat({ original, reply }) ? { destination: natSide(reply.src, reply.sport) } : {}),
      },
    },
  ];
}

/** The connection's two tuples, as `conntrack -L` prints them. */
function connectionOf(
  packet: TestPacket,
  standing: Exclude<Standing, { kind: 'first' }>,
): Connection & { readonly protocol: number } {
  const { src, dst, sport, dport, protocol } = packet.about ?? packet;
  const { source, destination } = standing;
  const shown: Tuple = { src, dst, ...(sport === undefined || dport === undefined ? {} : { sport, dport }) };
  if (standing.kind === 'original') {
    const after = { ...shown, ...end('src', 'sport', source), ...end('dst', 'dport', destination) };
    return { protocol, original: shown, reply: inverted(after) };
  }
  const before = { ...inverted(shown), ...end('src', 'sport', source), ...end('dst', 'dport', destination) };
  return { protocol, original: before, reply: shown };
}

const end = (address: 'src' | 'dst', port: 'sport' | 'dport', side: NatSide | undefined): Partial<Tuple> =>
  side === undefined ? {} : { [address]: side.address, ...(side.port === undefined ? {} : { [port]: side.port }) };

/** The simulator's packet: all that can be known of it. */
export function simulatorPacket(packet: TestPacket, family: Family): Packet {
  const sent = packet.via === 'output';
  const known: (keyof Content & keyof Packet)[] = ['sport', 'dport', 'flags', 'icmpType', 'icmpCode'];
  const fields = Object.fromEntries(
    known.filter((key) => packet[key] !== undefined).map((key) => [key, packet[key]]),
  ) as Partial<Packet>;
  const { standing } = packet;
  const state = stateOf(packet, family);
  const connected = standing.kind !== 'first' && (state === 'ESTABLISHED' || state === 'RELATED');
  return {
    family,
    src: packet.src,
    dst: packet.dst,
    protocol: packet.protocol,
    ...fields,
    ...(packet.flags === undefined ? {} : { flags: packet.flags & 63 }),
    state,
    length: toBytes(packet, family).length,
    ttl: packet.ttl,
    dscp: packet.dscp,
    mark: sent ? packet.mark : 0,
    ...(packet.mss === undefined ? {} : { mss: packet.mss }),
    ...(sent ? { uid: packet.uid, gid: packet.uid } : { in: packet.via, mac: links[packet.via]?.farMac ?? '' }),
    ...(connected
      ? {
          connmark: standing.connmark,
          dir: directionOf(packet, standing.kind),
          connection: connectionOf(packet, standing),
        }
      : {}),
    ...(state === 'NEW' ? { dir: 'original' as const } : {}),
  };
}

/** An error about a packet of one end travels with the other end's packets (nf_conntrack_inet_error). */
function directionOf(packet: TestPacket, kind: 'original' | 'reply'): 'original' | 'reply' {
  if (packet.about === undefined) return kind;
  return kind === 'original' ? 'reply' : 'original';
}

/** Of ICMPv6, conntrack leaves neighbour and multicast listener discovery alone (nf_conntrack_proto_icmpv6.c, noct_valid_new). */
const untrackedTypes: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143]);
const openingTypes: Readonly<Record<Family, ReadonlySet<number>>> = {
  ipv4: new Set([8, 13, 15, 17]),
  ipv6: new Set([128, 139]),
};

/** TCP flags without PSH that conntrack takes as the beginning of a connection, nf_conntrack_tcp_loose included (tcp_new). */
const openingFlags: ReadonlySet<number> = new Set([2, 2 | 32, 16, 16 | 32]);

/** What conntrack will say of it. The harness compares this with what the kernel said. */
export function stateOf(packet: TestPacket, family: Family): PacketState {
  // Checksums are looked at where packets come in.
  if (packet.badChecksum === true && packet.via !== 'output') return 'INVALID';
  if (packet.protocol === icmpOf(family)) {
    if (family === 'ipv6' && untrackedTypes.has(packet.icmpType ?? 0)) return 'UNTRACKED';
    if (packet.about !== undefined) return packet.standing.kind === 'first' ? 'INVALID' : 'RELATED';
    if (packet.standing.kind !== 'first') return 'ESTABLISHED';
    return openingTypes[family].has(packet.icmpType ?? 0) ? 'NEW' : 'INVALID';
  }
  if (packet.standing.kind !== 'first') return 'ESTABLISHED';
  return packet.protocol !== TCP || openingFlags.has((packet.flags ?? 0) & ~8 & 63) ? 'NEW' : 'INVALID';
}
