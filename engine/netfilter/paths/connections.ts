/** What each node's conntrack knows while a path is walked. Values: each way that a packet may take has its own. */

import { type Connection, inverted, type Tuple } from '../simulate/connection.ts';
import type { Packet, PacketState } from '../simulate/packet.ts';

interface Tracked {
  readonly connection: Connection;
  readonly connmark?: number;
}

/** By the node's name. */
export type Connections = ReadonlyMap<string, readonly Tracked[]>;

export const noConnections: Connections = new Map();

export function tupleOf({ src, dst, sport, dport }: Packet): Tuple | null {
  if (src === undefined || dst === undefined) return null;
  return { src, dst, ...(sport === undefined ? {} : { sport }), ...(dport === undefined ? {} : { dport }) };
}

const same = (a: Tuple, b: Tuple): boolean =>
  a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport;

type Known = Pick<Packet, 'state' | 'dir' | 'connection' | 'connmark'>;

/** What the node's conntrack says of a packet that comes to it (nf_conntrack_in()). */
export function lookUp(connections: Connections, node: string, packet: Packet): Known {
  const tuple = tupleOf(packet);
  for (const { connection, connmark } of connections.get(node) ?? []) {
    const dir =
      tuple === null
        ? null
        : same(connection.original, tuple)
          ? 'original'
          : same(connection.reply, tuple)
            ? 'reply'
            : null;
    if (dir !== null) {
      return { state: 'ESTABLISHED', dir, connection, ...(connmark === undefined ? {} : { connmark }) };
    }
  }
  return { state: stateOfStranger(packet) };
}

/** The state of a packet of no connection that the node knows. */
function stateOfStranger({ protocol, flags = 0, icmpType }: Packet): PacketState {
  // nf_conntrack_proto_tcp.c: an answer to a SYN, or a RST, that nobody asked for opens nothing; an ACK does (nf_conntrack_tcp_loose).
  if (protocol === 6 && ((flags & 0b10010) === 0b10010 || (flags & 4) !== 0)) return 'INVALID';
  // nf_conntrack_proto_icmp.c, valid_new: echo, timestamp, information and address mask requests.
  if (protocol === 1 && ![8, 13, 15, 17].includes(icmpType ?? 8)) return 'INVALID';
  if (protocol === 58 && ![128].includes(icmpType ?? 128)) return 'INVALID';
  return 'NEW';
}

/** Remembers the connection of a packet that got through the node: `came` as it was, `left` as it went on. */
export function remember(connections: Connections, node: string, came: Packet, left: Packet): Connections {
  const [original, last] = [tupleOf(came), tupleOf(left)];
  if (came.state !== 'NEW' || left.state === 'UNTRACKED' || original === null || last === null) return connections;
  const tracked: Tracked = {
    connection: { original, reply: inverted(last) },
    ...(left.connmark === undefined ? {} : { connmark: left.connmark }),
  };
  return new Map(connections).set(node, [...(connections.get(node) ?? []), tracked]);
}
