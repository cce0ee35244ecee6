import type { Condition, PortRange } from '../model.ts';
import { type HostState, isLocalAddress, isMulticast } from './host.ts';
import { isInNetwork } from './networks.ts';
import type { Packet } from './packet.ts';

/** What a rule sees of a packet at one hook. */
export interface View {
  readonly packet: Packet;
  /** Interface names as netfilter has them there: '' where the hook has none, undefined where it is not known. */
  readonly in: string | undefined;
  readonly out: string | undefined;
  readonly host: HostState | undefined;
  /** The packet's destination was rewritten on this way, its source was. */
  readonly destinationRewritten: boolean;
  readonly sourceRewritten: boolean;
}

/** true, false, or null where what decides it is not known; `why` names the condition that decided or is missing. */
export interface Match {
  readonly matched: boolean | null;
  readonly why: string;
}

/** All conditions together: one that fails decides; else one that is unknown makes it unknown. */
export function matchAll(conditions: readonly Condition[], view: View): Match {
  let doubt: string | null = null;
  for (const condition of conditions) {
    const found = matchOne(condition, view);
    const matched = found !== null && 'negated' in condition && condition.negated ? !found : found;
    if (matched === false) return { matched: false, why: name(condition) };
    if (matched === null) doubt ??= name(condition);
  }
  return doubt === null ? { matched: true, why: '' } : { matched: null, why: doubt };
}

/** One condition without its negation. */
function matchOne(condition: Condition, view: View): boolean | null {
  const { packet } = view;
  switch (condition.kind) {
    case 'protocol':
      if (condition.protocol === 0) return true;
      return packet.protocol === undefined ? null : packet.protocol === condition.protocol;
    case 'source':
      return packet.src === undefined ? null : isInNetwork(packet.src, condition.network, packet.family);
    case 'destination':
      return packet.dst === undefined ? null : isInNetwork(packet.dst, condition.network, packet.family);
    case 'in-interface':
      return isInterface(view.in, condition.name);
    case 'out-interface':
      return isInterface(view.out, condition.name);
    case 'fragment':
      return false;
    case 'source-port':
      return isPort(packet, packet.sport, condition.ranges);
    case 'destination-port':
      return isPort(packet, packet.dport, condition.ranges);
    case 'either-port':
      return eitherOf(isPort(packet, packet.sport, condition.ranges), isPort(packet, packet.dport, condition.ranges));
    case 'tcp-flags':
      if (packet.protocol !== undefined && packet.protocol !== 6) return false;
      return packet.flags === undefined ? null : (packet.flags & condition.mask) === condition.set;
    case 'icmp-type':
      return isIcmpType(packet, condition.type, condition.code);
    case 'conntrack-state':
      return isInState(view, condition.states);
    case 'mark':
      return (packet.mark & condition.mask) >>> 0 === condition.value >>> 0;
    case 'address-type':
      return isAddressType(
        view,
        condition.side === 'source' ? packet.src : packet.dst,
        condition.side,
        condition.types,
      );
    case 'comment':
      return true;
    default:
      // What state outside the packet decides, or what is not known to us.
      return null;
  }
}

function isInterface(seen: string | undefined, wanted: string): boolean | null {
  if (seen === undefined) return null;
  if (wanted.endsWith('+')) return seen.startsWith(wanted.slice(0, -1));
  return seen === wanted;
}

/** tcp, udp, dccp, sctp, udplite: the protocols whose header begins with two ports. */
const withPorts = new Set([6, 17, 33, 132, 136]);

function isPort(packet: Packet, port: number | undefined, ranges: readonly PortRange[]): boolean | null {
  if (packet.protocol !== undefined && !withPorts.has(packet.protocol)) return false;
  return port === undefined ? null : ranges.some(({ from, to }) => port >= from && port <= to);
}

function eitherOf(first: boolean | null, second: boolean | null): boolean | null {
  if (first === true || second === true) return true;
  return first === null || second === null ? null : false;
}

function isIcmpType(packet: Packet, type: number, code: PortRange | null): boolean | null {
  const icmp = packet.family === 'ipv4' ? 1 : 58;
  if (packet.protocol !== undefined && packet.protocol !== icmp) return false;
  if (type === 255 && code === null && packet.family === 'ipv4') return true;
  if (packet.icmpType === undefined) return null;
  if (packet.icmpType !== type) return false;
  if (code === null || (code.from === 0 && code.to === 255)) return true;
  return packet.icmpCode === undefined ? null : packet.icmpCode >= code.from && packet.icmpCode <= code.to;
}

function isInState(view: View, states: readonly string[]): boolean | null {
  const { state } = view.packet;
  if (state !== undefined && states.includes(state)) return true;
  // SNAT and DNAT are of the connection: known where this way rewrote it, unknown for one that began earlier.
  if (states.includes('DNAT') && view.destinationRewritten) return true;
  if (states.includes('SNAT') && view.sourceRewritten) return true;
  if (state === undefined) return null;
  const ofConnection = states.includes('DNAT') || states.includes('SNAT');
  return ofConnection && state !== 'NEW' && state !== 'UNTRACKED' && state !== 'INVALID' ? null : false;
}

function isAddressType(
  view: View,
  address: string | undefined,
  side: 'source' | 'destination',
  types: readonly string[],
): boolean | null {
  const type = addressType(view, address, side);
  return type === null ? null : types.includes(type);
}

function addressType(view: View, address: string | undefined, side: 'source' | 'destination'): string | null {
  if (address === undefined) return null;
  if (isMulticast(address)) return 'MULTICAST';
  if (address === '255.255.255.255') return 'BROADCAST';
  const local = isLocalAddress(address, view.host);
  if (local !== null) return local ? 'LOCAL' : 'UNICAST';
  // Nothing is known of the machine: what has no way out of it is for itself.
  if (side === 'source') return null;
  return view.packet.out === undefined ? 'LOCAL' : 'UNICAST';
}

/** A condition in words, for "does not match: destination port". */
function name(condition: Condition): string {
  if (condition.kind === 'opaque' || condition.kind === 'unseen') return `the match ${condition.module}`;
  return `the ${condition.kind.replaceAll('-', ' ')}`;
}
