/** Does a packet meet a condition? true, false, or null where what decides is not known. */

import { canonicalWords, rangeText } from '../canonical.ts';
import type { Condition, ConntrackState, PortRange } from '../model.ts';
import { protocolName } from '../protocols.ts';
import { quoteWords } from '../words.ts';
import { is6 } from './address-types6.ts';
import { hasDestinationNat, hasSourceNat } from './connection.ts';
import { hostHolds } from './host-conditions.ts';
import { isInNetwork, knownPart, plainAddressType } from './host-state.ts';
import { opaqueHolds } from './opaque-conditions.ts';
import { flagBits, hasPorts, type Packet } from './packet.ts';
import { localType } from './routing.ts';
import type { Setting, Track } from './track.ts';

export type Tri = boolean | null;

const not = (value: Tri, negated: boolean): Tri => (value === null ? null : value !== negated);

/** Whether the packet of this track meets the condition here. */
export function holds(condition: Condition, track: Track, at: Setting): Tri {
  if (asksConnection(condition) && (isBeforeConntrack(track, at) || isWithoutConnection(track))) return false;
  const plain =
    'negated' in condition ? not(answer(condition, track, at), condition.negated) : answer(condition, track, at);
  if (plain !== null || !isAboutPacket(condition)) return plain;
  const assumed = track.assumed.get(questionOf(condition));
  if (assumed === undefined) return null;
  return 'negated' in condition ? assumed !== condition.negated : assumed;
}

/** conntrack looks at a packet behind raw; what comes back over lo it has seen before. */
const isBeforeConntrack = (track: Track, at: Setting): boolean =>
  at.table === 'raw' && !(at.in === 'lo' && track.packet.connection !== undefined);

const isWithoutConnection = (track: Track): boolean =>
  track.states.every((state) => state === 'INVALID' || state === 'UNTRACKED');

/** Without a connection these match nothing, negated or not (xt_conntrack, xt_connmark). States are asked all the same. */
const asksConnection = (condition: Condition): boolean =>
  condition.kind === 'connmark' || (condition.kind === 'opaque' && condition.module === 'conntrack');

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
      return isAddressType(condition.side, condition.types, track, at);
    case 'limit':
      return null;
    case 'statistic':
      if (condition.mode === 'nth') return condition.every === 1 ? true : null;
      return condition.probability >= 1 ? true : condition.probability <= 0 ? false : null;
    case 'opaque': {
      const known = hostHolds(condition, track, at);
      return known === undefined ? opaqueHolds(condition, packet) : known;
    }
    case 'unseen':
      return null;
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
  if (isWithoutConnection(track)) return false;
  const { connection } = track.packet;
  if (connection !== undefined) return state === 'SNAT' ? hasSourceNat(connection) : hasDestinationNat(connection);
  const changed =
    state === 'SNAT'
      ? track.rewrites.src !== undefined || track.rewrites.sport !== undefined
      : track.rewrites.dst !== undefined || track.rewrites.dport !== undefined;
  if (changed) return true;
  return at.sawNat && track.states.length === 1 && track.states[0] === 'NEW' ? false : null;
}

function isAddressType(side: 'source' | 'destination', types: readonly string[], track: Track, at: Setting): Tri {
  const address = side === 'source' ? track.packet.src : track.packet.dst;
  const six = track.packet.family === 'ipv6' && address !== undefined ? is6(types, address, at.state) : null;
  if (six !== null) return six;
  const type = side === 'source' ? typeOfSource(track, at) : typeOfDestination(track, at);
  if (type !== null) return types.includes(type);
  return types.some((one) => decidable.has(one)) ? null : false;
}

const decidable: ReadonlySet<string> = new Set(['LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'ANYCAST', 'UNSPEC']);

function typeOfDestination(track: Track, at: Setting): string | null {
  const { dst, out } = track.packet;
  const addresses = knownPart(at.state, 'addresses');
  if (dst !== undefined) {
    const plain = plainAddressType(dst);
    if (plain !== null) return plain;
    if (addresses !== null) return localType(at.state, dst);
  }
  // Without a host: what is delivered here has an address of this host, what is passed on has not.
  if (at.state !== null) return null;
  if (at.hook === 'output' || track.way === null) {
    return at.hook !== 'output' && out === undefined
      ? 'LOCAL'
      : out === 'lo'
        ? 'LOCAL'
        : out === undefined
          ? null
          : 'UNICAST';
  }
  return track.way === 'here' ? 'LOCAL' : 'UNICAST';
}

function typeOfSource(track: Track, at: Setting): string | null {
  const { src } = track.packet;
  const addresses = knownPart(at.state, 'addresses');
  if (src !== undefined) {
    const plain = plainAddressType(src);
    if (plain !== null) return plain;
    if (addresses !== null) return localType(at.state, src);
  }
  if (at.state !== null || src === undefined) return null;
  return at.in === null ? 'LOCAL' : 'UNICAST';
}

/** A condition as it would be typed. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'unseen') return `-m ${condition.module}`;
  return quoteWords(
    canonicalWords({ words: [], line: 0, counters: null, conditions: [condition], action: { kind: 'none' } }),
  );
}

/** Why a condition that is false is false, in words. */
export function whyNot(condition: Condition, track: Track, at: Setting): string {
  return `${conditionText(condition)}: ${actualText(condition, track, at)}`;
}

function actualText(condition: Condition, track: Track, at: Setting): string {
  const { packet } = track;
  switch (condition.kind) {
    case 'protocol':
      return `the packet is ${packet.protocol === undefined ? 'of an unknown protocol' : protocolName(packet.protocol)}`;
    case 'source':
      return `the packet comes from ${packet.src ?? 'an unknown address'}`;
    case 'destination':
      return `the packet goes to ${packet.dst ?? 'an unknown address'}`;
    case 'in-interface':
      return at.in === null ? 'the packet came in through no interface' : `the packet came in through ${at.in}`;
    case 'out-interface':
      return at.out === null ? 'the way out is not chosen yet' : `the packet leaves through ${at.out}`;
    case 'fragment':
      return 'the packet is no later fragment';
    case 'source-port':
    case 'destination-port':
    case 'either-port': {
      if (packet.protocol !== undefined && !hasPorts(packet.protocol)) return 'the packet has no ports';
      const ports = [
        ...(condition.kind === 'destination-port' ? [] : [`source port ${packet.sport ?? 'unknown'}`]),
        ...(condition.kind === 'source-port' ? [] : [`destination port ${packet.dport ?? 'unknown'}`]),
      ];
      return `the packet has ${ports.join(' and ')}`;
    }
    case 'tcp-flags':
      return packet.flags === undefined
        ? 'the packet has no TCP flags'
        : `the packet has the flags ${flagNames(packet.flags)}`;
    case 'icmp-type':
      if (packet.icmpType === undefined) return 'the packet is no ICMP';
      return `the packet has the type ${packet.icmpType}${packet.icmpCode === undefined ? '' : ` code ${packet.icmpCode}`}`;
    case 'conntrack-state':
      return `the packet is ${track.states.join(' or ')}`;
    case 'mark':
      return `the packet's mark is 0x${(packet.mark ?? 0).toString(16)}`;
    case 'connmark':
      return 'a new connection has the mark 0';
    case 'address-type': {
      const type = condition.side === 'source' ? typeOfSource(track, at) : typeOfDestination(track, at);
      return `the ${condition.side} address is ${type ?? 'of another type'}`;
    }
    default:
      return 'the packet does not meet it';
  }
}

const flagNames = (flags: number): string =>
  Object.entries(flagBits)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join(',') || 'none';

/** Why nobody can say whether the condition holds, in words. */
export function whyUnknown(condition: Condition): string {
  const text = conditionText(condition);
  switch (condition.kind) {
    case 'limit':
      return `${text} depends on how many packets came before`;
    case 'statistic':
      return condition.mode === 'random'
        ? `${text} draws lots: ${Number(((condition.negated ? 1 - condition.probability : condition.probability) * 100).toFixed(2))} % of packets`
        : `${text} counts packets: one of ${condition.every}`;
    case 'unseen':
      return `the parameters of ${text} were never seen`;
    case 'opaque':
      return `what ${text} takes is not known to the simulator`;
    case 'connmark':
      return `${text}: the mark of the connection is not known`;
    default:
      return `${text}: ${unknownField(condition)} is not given`;
  }
}

function unknownField(condition: Condition): string {
  switch (condition.kind) {
    case 'protocol':
      return "the packet's protocol";
    case 'source':
      return "the packet's source address";
    case 'destination':
      return "the packet's destination address";
    case 'in-interface':
      return 'the interface it came in through';
    case 'out-interface':
      return 'the interface it leaves through';
    case 'source-port':
    case 'destination-port':
    case 'either-port':
      return condition.ranges.length === 1
        ? `whether its port is ${rangeText(condition.ranges[0] ?? { from: 0, to: 0 }, '-')}`
        : 'its port';
    case 'tcp-flags':
      return "the packet's TCP flags";
    case 'icmp-type':
      return "the packet's ICMP type";
    case 'conntrack-state':
      return "the packet's state";
    case 'address-type':
      return `what the ${condition.side} address is to this host`;
    default:
      return 'what it asks for';
  }
}
