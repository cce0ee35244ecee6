/** Does a packet meet what the model says of packets themselves? true, false, or null where what decides is not known. */

import { readIPv4, readIPv6 } from '../addresses.ts';
import type { PacketCondition, PacketField, PortRange } from '../model.ts';
import { plainAddressType } from './host-state.ts';
import { isInSet } from './ipsets.ts';
import type { Packet } from './packet.ts';
import { passesReversePath } from './reverse-path.ts';
import { groupType } from './routing.ts';
import type { Setting, Track } from './track.ts';

type Tri = boolean | null;

/** The answer without its negation. */
export function packetHolds(condition: PacketCondition, track: Track, at: Setting): Tri {
  const { packet } = track;
  switch (condition.kind) {
    case 'field':
      return fieldHolds(condition.field, condition.ranges, track, at);
    case 'address-range': {
      const address = condition.side === 'source' ? packet.src : packet.dst;
      return address === undefined ? null : isBetween(address, condition.from, condition.to);
    }
    case 'mac-source':
      return packet.mac === undefined ? null : packet.mac === condition.address;
    case 'packet-type': {
      const type = packetType(track, at);
      return type === null ? null : type === condition.type;
    }
    case 'socket':
      return isForwarded(track, at) ? false : packet.uid === undefined ? null : true;
    case 'tos':
      // The two bits of ECN (RFC 3168) are not in the packet's text: 0.
      return packet.dscp === undefined ? null : ((packet.dscp << 2) & condition.mask) === condition.value;
    case 'set': {
      const found = isInSet(
        at.state,
        { name: condition.set, sides: condition.sides, returnNomatch: condition.returnNomatch },
        { packet, in: at.in, out: at.out },
      );
      // What an entry has counted so far is not in the state that is looked at.
      const counts = condition.counting.some((option) => /^--(packets|bytes)-/.test(option.name));
      return counts && found === true ? null : found;
    }
    case 'reverse-path':
      return passesReversePath(at.state, packet, condition);
    case 'bridge-port':
    case 'bridged':
      return null;
  }
}

/**
 * Whether the condition does not hold whatever it asks for, negated or not: xt_mac looks at frames of an Ethernet alone, of which lo is none.
 */
export const isOutOfPlace = (condition: { readonly kind: string }, at: Setting): boolean =>
  condition.kind === 'mac-source' && (at.in === 'lo' || at.in === null);

const isForwarded = (track: Track, at: Setting): boolean =>
  track.way === 'on' && at.in !== null && (at.hook === 'forward' || at.hook === 'postrouting');

function fieldHolds(field: PacketField, ranges: readonly PortRange[], track: Track, at: Setting): Tri {
  const { packet } = track;
  if ((field === 'uid' || field === 'gid') && isForwarded(track, at)) return false;
  if (field === 'tcp-mss') {
    if (packet.protocol !== undefined && packet.protocol !== 6) return false;
    // The option stands in segments that open a connection (RFC 9293, 3.7.1).
    if (packet.mss === undefined && packet.flags !== undefined && (packet.flags & 2) === 0) return false;
  }
  if (ranges.length === 0) return false;
  const value = numberIn(field, packet);
  return value === undefined ? null : ranges.some(({ from, to }) => value >= from && value <= to);
}

function numberIn(field: PacketField, packet: Packet): number | undefined {
  switch (field) {
    case 'length':
    case 'dscp':
    case 'uid':
    case 'gid':
      return packet[field];
    case 'ttl':
    case 'hop-limit':
      return packet.ttl;
    case 'tcp-mss':
      return packet.mss;
  }
}

function numberOf(address: string): bigint | null {
  const four = readIPv4(address);
  if (four !== null) return BigInt(four);
  const groups = readIPv6(address);
  return groups === null ? null : groups.reduce((value, group) => value * 65536n + BigInt(group), 0n);
}

function isBetween(address: string, from: string, to: string): Tri {
  const [value, low, high] = [numberOf(address), numberOf(from), numberOf(to)];
  return value === null || low === null || high === null ? null : value >= low && value <= high;
}

/** As the frame came: what nat made of the destination changes nothing. What this host sends is for one host to xt_pkttype. */
/** What needs no host to be told. */
function plainGroup(dst: string): string | null {
  const type = dst.startsWith('0.') ? null : plainAddressType(dst);
  return type === 'BROADCAST' || type === 'MULTICAST' ? type : null;
}

function packetType(track: Track, at: Setting): string | null {
  if (at.in === null || at.in === 'lo') return 'unicast';
  const dst = at.came?.dst ?? (track.rewrites.dst === undefined ? track.packet.dst : undefined);
  if (dst === undefined) return null;
  const type = groupType(at.state, dst) ?? plainGroup(dst);
  if (type !== null) return type.toLowerCase();
  return at.state === null ? null : 'unicast';
}
