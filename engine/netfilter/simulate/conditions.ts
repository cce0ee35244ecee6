/** Does a packet meet a condition? true, false, or null where what decides is not known. */

import type { Condition, ConntrackState, PortRange } from '../model.ts';
import { isAddressType } from './address-types.ts';
import { hasDestinationNat, hasSourceNat } from './connection.ts';
import { asksConnection, connectionHolds, hasNoConnection, isBeforeConntrack } from './connection-conditions.ts';
import { isInNetwork } from './host-state.ts';
import { opaqueHolds } from './opaque-conditions.ts';
import { hasPorts, type Packet } from './packet.ts';
import { isOutOfPlace, packetHolds } from './packet-conditions.ts';
import type { Setting, Track } from './track.ts';

export type Tri = boolean | null;

const not = (value: Tri, negated: boolean): Tri => (value === null ? null : value !== negated);

/** Whether the packet of this track meets the condition here. */
export function holds(condition: Condition, track: Track, at: Setting): Tri {
  if (asksConnection(condition) && (isBeforeConntrack(track, at) || hasNoConnection(track))) return false;
  if (isOutOfPlace(condition, at)) return false;
  const plain =
    'negated' in condition ? not(answer(condition, track, at), condition.negated) : answer(condition, track, at);
  if (plain !== null || !isAboutPacket(condition)) return plain;
  const assumed = track.assumed.get(questionOf(condition));
  if (assumed === undefined) return null;
  return 'negated' in condition ? assumed !== condition.negated : assumed;
}

/** Asked twice of one packet it has one answer: not so for what counts or draws lots. */
export function isAboutPacket(condition: Condition): boolean {
  return !['limit', 'statistic', 'unseen', 'opaque'].includes(condition.kind);
}

/** The condition without its negation: what a track remembers an answer for. */
export const questionOf = (condition: Condition): string =>
  JSON.stringify({ ...condition, ...('negated' in condition ? { negated: false } : {}) });

function answer(condition: Condition, track: Track, at: Setting): Tri {
  const { packet } = track;
  switch (condition.kind) {
    case 'comment':
      return true;
    case 'protocol':
      if (condition.protocol === 0) return true;
      return packet.protocol === undefined ? null : packet.protocol === condition.protocol;
    case 'source':
    case 'destination': {
      if (condition.network.prefix === 0) return true;
      const address = condition.kind === 'source' ? packet.src : packet.dst;
      return address === undefined ? null : isInNetwork(address, condition.network);
    }
    case 'in-interface':
      return isInterface(at.in, condition.name);
    case 'out-interface':
      return isInterface(at.out, condition.name);
    case 'fragment':
      return false;
    case 'source-port':
      return portIn(packet, packet.sport, condition.ranges);
    case 'destination-port':
      return portIn(packet, packet.dport, condition.ranges);
    case 'either-port': {
      const both = [portIn(packet, packet.sport, condition.ranges), portIn(packet, packet.dport, condition.ranges)];
      return both.includes(true) ? true : both.includes(null) ? null : false;
    }
    case 'tcp-flags':
      if (packet.protocol !== undefined && packet.protocol !== 6) return false;
      return packet.flags === undefined ? null : (packet.flags & condition.mask) === condition.set;
    case 'icmp-type':
      return isIcmpType(packet, condition.type, condition.code);
    case 'conntrack-state':
      return isState(track, at, condition.states);
    case 'mark':
      return ((packet.mark ?? 0) & condition.mask) >>> 0 === condition.value >>> 0;
    case 'connmark':
      if (packet.connmark !== undefined) return (packet.connmark & condition.mask) >>> 0 === condition.value >>> 0;
      if (track.connmarkTouched || track.states.length !== 1 || track.states[0] !== 'NEW') return null;
      return condition.value === 0;
    case 'address-type':
      return isAddressType(condition, track, at);
    case 'limit':
      return null;
    case 'statistic':
      if (condition.mode === 'nth') return condition.every === 1 ? true : null;
      return condition.probability >= 1 ? true : condition.probability <= 0 ? false : null;
    case 'opaque':
      return opaqueHolds(condition);
    case 'unseen':
      return null;
    case 'tuple-address':
    case 'tuple-port':
    case 'connection-protocol':
    case 'connection-status':
    case 'connection-direction':
    case 'connection-expiry':
      return connectionHolds(condition, track, at);
    default:
      return packetHolds(condition, track, at);
  }
}

function isInterface(name: string | null | undefined, wanted: string): Tri {
  if (wanted === '+') return true;
  if (name === undefined) return null;
  if (name === null) return false;
  return wanted.endsWith('+') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
}

function portIn(packet: Packet, port: number | undefined, ranges: readonly PortRange[]): Tri {
  if (packet.protocol !== undefined && !hasPorts(packet.protocol)) return false;
  return port === undefined ? null : ranges.some((range) => port >= range.from && port <= range.to);
}

function isIcmpType(packet: Packet, type: number, code: PortRange | null): Tri {
  if (packet.protocol !== undefined && packet.protocol !== 1 && packet.protocol !== 58) return false;
  if (type === 255 && code === null) return true;
  if (packet.icmpType === undefined) return null;
  if (packet.icmpType !== type) return false;
  if (code === null || (code.from === 0 && code.to === 255)) return true;
  return packet.icmpCode === undefined ? null : packet.icmpCode >= code.from && packet.icmpCode <= code.to;
}

function isState(track: Track, at: Setting, wanted: readonly ConntrackState[]): Tri {
  // xt_conntrack: no connection, and none that was refused by NOTRACK, is INVALID.
  if (isBeforeConntrack(track, at)) {
    return wanted.includes(track.notrack ? 'UNTRACKED' : 'INVALID');
  }
  const matching = track.states.filter((state) => wanted.includes(state)).length;
  if (matching === track.states.length) return true;
  const translated = (['SNAT', 'DNAT'] as const).filter((state) => wanted.includes(state));
  const answers = translated.map((state) => isTranslated(track, at, state));
  if (answers.includes(true)) return true;
  return matching > 0 || answers.includes(null) ? null : false;
}

/** SNAT and DNAT are virtual states: the connection's addresses differ between its two directions (iptables-extensions(8)). */
function isTranslated(track: Track, at: Setting, state: 'SNAT' | 'DNAT'): Tri {
  if (hasNoConnection(track)) return false;
  const { connection } = track.packet;
  if (connection !== undefined) return state === 'SNAT' ? hasSourceNat(connection) : hasDestinationNat(connection);
  const changed =
    state === 'SNAT'
      ? track.rewrites.src !== undefined || track.rewrites.sport !== undefined
      : track.rewrites.dst !== undefined || track.rewrites.dport !== undefined;
  if (changed) return true;
  return at.sawNat && track.states.length === 1 && track.states[0] === 'NEW' ? false : null;
}
