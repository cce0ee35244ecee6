/** Is a packet in an ipset? As net/netfilter/ipset tests it: by the set's dimensions, each from the packet's source or destination side. */

import { readIPv4 } from '../addresses.ts';
import { type HostState, isInNetwork, knownPart } from './host-state.ts';
import { type EntryPart, maskedAddress, type ReadSet, readSet, type SetEntry } from './ipset-entries.ts';
import { networkKey } from './network-key.ts';
import { hasPorts, type Packet } from './packet.ts';

type Tri = boolean | null;

export interface SetQuestion {
  readonly name: string;
  /** `src,dst` of --match-set, one for each dimension. */
  readonly sides: readonly ('src' | 'dst')[];
  readonly returnNomatch: boolean;
}

/** The packet with the interfaces that the hook shows: null, none at this hook. */
export interface SetPacket {
  readonly packet: Packet;
  readonly in: string | null | undefined;
  readonly out: string | null | undefined;
}

/** Whether the packet is in the set; null where the set or what it asks for is not known. */
export function isInSet(state: HostState | null, question: SetQuestion, of: SetPacket): Tri {
  return test(state, question, of, 0);
}

function test(state: HostState | null, question: SetQuestion, of: SetPacket, depth: number): Tri {
  const set = knownPart(state, 'ipsets')?.find((one) => one.name === question.name);
  if (set === undefined) return null;
  const read = readSet(set);
  if (set.type === 'list:set') {
    // A list is asked in order; sets of other shapes in it do not match. It holds no lists itself.
    if (depth > 0) return false;
    const answers = read.members.map((name) => test(state, { ...question, name }, of, depth + 1));
    return answers.includes(true) ? true : answers.includes(null) ? null : false;
  }
  // ip_set_test(): too few directions, or another family, is no match.
  if (question.sides.length < read.dimensions.length) return false;
  if (read.family !== null && read.family !== of.packet.family) return false;
  if (!read.dimensions.every((dimension) => readable.has(dimension))) return null;
  const answer = find(read, question, of);
  return answer === null || answer === 'none'
    ? answer === null
      ? null
      : false
    : (answer === 'in') !== question.returnNomatch;
}

const readable: ReadonlySet<string> = new Set(['ip', 'net', 'port', 'mac', 'iface', 'mark']);

/** Of entries that take the packet the one with the longest networks counts (mtype_test_cidrs()). */
function find(set: ReadSet, question: SetQuestion, of: SetPacket): 'in' | 'nomatch' | 'none' | null {
  const candidates = candidatesOf(set, question, of);
  const found: SetEntry[] = [];
  let open = false;
  for (const entry of candidates) {
    const answers = entry.parts.map((part, at) =>
      takes(part, set, set.dimensions[at] ?? '', question.sides[at] ?? 'src', of),
    );
    if (answers.includes(false)) continue;
    if (answers.includes(null)) open = true;
    else found.push(entry);
  }
  if (open) return null;
  const [best] = found.sort((a, b) => compareLengths(lengths(b), lengths(a)));
  return best === undefined ? 'none' : best.nomatch ? 'nomatch' : 'in';
}

const lengths = (entry: SetEntry): number[] =>
  entry.parts.flatMap((part) => (part.kind === 'network' ? [part.network.prefix ?? 0] : []));

function compareLengths(a: readonly number[], b: readonly number[]): number {
  for (const [at, length] of a.entries()) {
    const difference = length - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Entries whose first network holds the packet's address, without looking at all the others. */
function candidatesOf(set: ReadSet, question: SetQuestion, { packet }: SetPacket): readonly SetEntry[] {
  const address = packet[question.sides[0] ?? 'src'];
  if (address === undefined) return set.entries;
  const masked = maskedAddress(address, set.netmask);
  const found = [...set.byNetwork].flatMap(([prefix, networks]) => networks.get(networkKey(masked, prefix)) ?? []);
  return [...found, ...set.others];
}

function takes(part: EntryPart, set: ReadSet, dimension: string, side: 'src' | 'dst', of: SetPacket): Tri {
  const { packet } = of;
  const address = packet[side];
  switch (part.kind) {
    case 'odd':
      return null;
    case 'network':
      return address === undefined
        ? null
        : isInNetwork(maskedAddress(address, dimension === 'ip' ? set.netmask : null), part.network);
    case 'range': {
      const value = address === undefined ? null : readIPv4(address);
      return value === null ? null : value >= part.from && value <= part.to;
    }
    case 'port':
      return takesPort(part, side, packet);
    case 'mac':
      // Frames that this host makes have no hardware header yet where its hooks are.
      if (of.in === null) return false;
      return side === 'dst' || packet.mac === undefined ? null : packet.mac === part.mac;
    case 'interface': {
      const name = side === 'src' ? of.in : of.out;
      if (name === undefined) return null;
      return name !== null && (part.wildcard ? name.startsWith(part.name) : name === part.name);
    }
    case 'mark':
      return ((packet.mark ?? 0) & set.markmask) >>> 0 === part.mark;
  }
}

function takesPort(part: Extract<EntryPart, { kind: 'port' }>, side: 'src' | 'dst', packet: Packet): Tri {
  const { protocol } = packet;
  if (protocol === undefined) return null;
  // ip_set_get_ip_port(): a bitmap of ports is for tcp and udp alone.
  if (part.protocol === null ? protocol !== 6 && protocol !== 17 : protocol !== part.protocol) return false;
  const port = portOf(side, packet);
  return port === undefined ? null : port >= part.from && port <= part.to;
}

/** get_port() of ip_set_getport.c: ICMP's type and code stand for both ports; other protocols have port 0. */
function portOf(side: 'src' | 'dst', packet: Packet): number | undefined {
  const { protocol = 0, icmpType, icmpCode = 0 } = packet;
  if (protocol === 1 || protocol === 58) return icmpType === undefined ? undefined : icmpType * 256 + icmpCode;
  if (!hasPorts(protocol) || protocol === 33) return 0;
  return side === 'src' ? packet.sport : packet.dport;
}
