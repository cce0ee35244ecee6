/** Conditions in words: as typed, why one does not hold, why nobody knows. */

import { canonicalWords, rangeText } from '../canonical.ts';
import type { Condition, ConntrackState, PacketField } from '../model.ts';
import { protocolName } from '../protocols.ts';
import { quoteWords } from '../words.ts';
import { addressTypeOf } from './address-types.ts';
import { hasNoConnection, isBeforeConntrack } from './connection-conditions.ts';
import { missingHeader } from './opaque-conditions.ts';
import { flagBits, hasPorts, type Packet } from './packet.ts';
import { isOutOfPlace } from './packet-conditions.ts';
import type { Setting, Track } from './track.ts';

/** A condition as it would be typed. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'unseen') return `-m ${condition.module}`;
  return quoteWords(
    canonicalWords({ words: [], line: 0, counters: null, conditions: [condition], action: { kind: 'none' } }),
  );
}

/** Why a condition that is false is false, in words. */
export function whyNot(condition: Condition, track: Track, at: Setting): string {
  return `${portText(condition, track.packet) ?? conditionText(condition)}: ${actualText(condition, track, at)}`;
}

/** A port without its protocol has no text but multiport's: of a packet with a protocol it is `-m tcp --dport 80`. */
function portText(condition: Condition, { protocol }: Packet): string | null {
  if (!condition.kind.endsWith('-port') || protocol === undefined || !hasPorts(protocol)) return null;
  const conditions: Condition[] = [{ kind: 'protocol', protocol, negated: false }, condition];
  const words = canonicalWords({ words: [], line: 0, counters: null, conditions, action: { kind: 'none' } });
  return quoteWords(words.slice(words.indexOf('-p') + 2));
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
      return connectionText(track, at) ?? `the connection has the mark 0x${(packet.connmark ?? 0).toString(16)}`;
    case 'field':
      return fieldText(condition.field, packet);
    case 'address-range':
      return `the packet ${condition.side === 'source' ? `comes from ${packet.src}` : `goes to ${packet.dst}`}`;
    case 'mac-source':
      return isOutOfPlace(condition, at) ? 'there is no Ethernet frame here' : `the packet comes from ${packet.mac}`;
    case 'set':
      return condition.negated ? `the packet is in set ${condition.set}` : `the packet is not in set ${condition.set}`;
    case 'connection-direction':
    case 'connection-protocol':
    case 'connection-status':
    case 'tuple-address':
    case 'tuple-port':
      return connectionText(track, at) ?? 'the connection does not meet it';
    case 'address-type': {
      const type = addressTypeOf(condition.side, track, at);
      return `the ${condition.side} address is ${type ?? 'of another type'}`;
    }
    default: {
      const header = missingHeader(condition);
      return header === null ? 'the packet does not meet it' : `the packet has no ${header} header`;
    }
  }
}

const connectionText = (track: Track, at: Setting): string | null =>
  isBeforeConntrack(track, at)
    ? 'conntrack has not seen the packet yet'
    : hasNoConnection(track)
      ? 'the packet belongs to no connection'
      : null;

function fieldText(field: PacketField, packet: Packet): string {
  switch (field) {
    case 'uid':
    case 'gid':
      return packet[field] === undefined
        ? 'no socket of this host sent it'
        : `it was sent by ${field} ${packet[field]}`;
    case 'tcp-mss':
      return packet.mss === undefined ? 'the packet carries no MSS' : `the packet's MSS is ${packet.mss}`;
    case 'ttl':
    case 'hop-limit':
      return `the packet's ttl is ${packet.ttl}`;
    default:
      return `the packet's ${field} is ${packet[field]}`;
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
      return whyOpaque(condition.module, text);
    case 'connmark':
      return `${text}: the mark of the connection is not known`;
    case 'connection-expiry':
    case 'connection-status':
      return `${text}: what conntrack knows of the connection is not given`;
    case 'tuple-address':
    case 'tuple-port':
    case 'connection-protocol':
      return `${text}: the addresses of the connection are not given`;
    case 'set':
      return `${text}: the entries of set ${condition.set} are not known`;
    default:
      return `${text}: ${unknownField(condition)} is not given`;
  }
}

/** Extensions that rest on more than a packet. */
const outside: Readonly<Record<string, string>> = {
  bpf: 'runs a program over the packet',
  connbytes: 'depends on what the connection carried so far',
  connlabel: 'depends on labels of the connection',
  connlimit: 'depends on how many connections there are',
  cpu: 'depends on which processor takes the packet',
  hashlimit: 'depends on how many packets came before',
  helper: 'depends on the helper of the connection',
  nfacct: 'only counts, where the kernel has that counter',
  osf: 'depends on what the sender is taken for',
  quota: 'depends on how many bytes came before',
  rateest: 'depends on the rate that was measured',
  recent: 'depends on which addresses came before, and when',
  socket: 'depends on the sockets that are open',
  string: "depends on the packet's payload",
  time: 'depends on the time',
  u32: "depends on the packet's bytes",
};

function whyOpaque(module: string, text: string): string {
  const why = Object.hasOwn(outside, module) ? outside[module] : undefined;
  return why === undefined ? `what ${text} takes is not known to the simulator` : `${text} ${why}`;
}

/** What a packet's text calls them. */
const fieldTexts: Readonly<Record<PacketField, string>> = {
  length: "the packet's length",
  ttl: "the packet's ttl",
  'hop-limit': "the packet's ttl",
  dscp: "the packet's dscp",
  'tcp-mss': "the packet's mss",
  uid: 'the uid of who sent it',
  gid: 'the gid of who sent it',
};

function unknownField(condition: Condition): string {
  switch (condition.kind) {
    case 'field':
      return fieldTexts[condition.field];
    case 'address-range':
      return `the packet's ${condition.side} address`;
    case 'mac-source':
      return "the sender's hardware address";
    case 'tos':
      return "the packet's dscp";
    case 'socket':
      return 'who sent it';
    case 'packet-type':
      return 'what the destination is to this host';
    case 'reverse-path':
      return 'which way answers would leave';
    case 'bridge-port':
    case 'bridged':
      return 'whether it passes a bridge';
    case 'connection-direction':
      return 'which end of its connection sent it';
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
      return stateText(condition.states);
    case 'address-type':
      return `what the ${condition.side} address is to this host`;
    default:
      return 'what it asks for';
  }
}

/** Beside the packet's state, --ctstate may ask for what was done to its connection at its first packet. */
function stateText(asked: readonly ConntrackState[]): string {
  const sides = [asked.includes('SNAT') ? 'source' : '', asked.includes('DNAT') ? 'destination' : ''];
  const rewritten = sides.filter((side) => side !== '').join(' or ');
  return rewritten === ''
    ? "the packet's state"
    : `the packet's state, or whether its connection's ${rewritten} was rewritten,`;
}
