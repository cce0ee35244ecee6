/** What a rule asks for, in nft's words. */

import type { Condition, ConnectionStatus, ConntrackState, Family, Network, PortRange } from '../model.ts';
import { protocolName } from '../protocols.ts';

export interface About {
  readonly family: Family;
  /** The rule's protocol; null where it asks for none or for all but one. */
  readonly protocol: number | null;
}

/** The text; '' for what holds anyway; null where nft has none that says the same. */
export function conditionToNft(condition: Condition, about: About): string | null {
  const not = 'negated' in condition && condition.negated ? '!= ' : '';
  const ip = about.family === 'ipv4' ? 'ip' : 'ip6';
  switch (condition.kind) {
    case 'comment':
      return '';
    case 'in-interface':
    case 'out-interface':
      return interfaceText(condition.kind === 'in-interface' ? 'iifname' : 'oifname', condition.name, not);
    case 'fragment':
      return ip === 'ip6' ? null : `ip frag-off & 0x1fff ${condition.negated ? '==' : '!='} 0`;
    case 'protocol':
      if (condition.protocol === 0) return condition.negated ? null : '';
      return `${ip === 'ip' ? 'ip protocol' : 'meta l4proto'} ${not}${protocolName(condition.protocol)}`;
    case 'source':
    case 'destination':
      return networkText(`${ip} ${condition.kind === 'source' ? 'saddr' : 'daddr'}`, condition.network, not);
    case 'source-port':
    case 'destination-port': {
      const field = condition.kind === 'source-port' ? 'sport' : 'dport';
      return `${header(about)} ${field} ${not}${portSet(condition.ranges)}`;
    }
    case 'either-port':
      return eitherPort(condition.ranges, condition.negated, about);
    case 'tcp-flags':
      return `tcp flags ${not}${flagNames(condition.set) || '0x0'} / ${flagNames(condition.mask)}`;
    case 'icmp-type':
      return icmpText(condition, about.family, not);
    case 'conntrack-state':
      return stateText(condition.states, condition.negated);
    case 'mark':
      return markText('mark', condition, not);
    case 'connmark':
      return markText('ct mark', condition, not);
    case 'address-type': {
      if (condition.limit !== undefined) return addressTypeOnInterface(condition, not);
      const side = condition.side === 'source' ? 'saddr' : 'daddr';
      return `fib ${side} type ${not}${setText(condition.types.map((type) => type.toLowerCase()))}`;
    }
    case 'limit':
      return limitText(condition.perSecond, condition.burst);
    case 'statistic':
      return statisticText(condition, not);
    case 'field':
      // Without the option, or without a socket, nft's question has no answer, and iptables' opposite holds.
      if (condition.negated && ['tcp-mss', 'uid', 'gid'].includes(condition.field)) return null;
      return fieldText(condition, ip, not);
    case 'address-range':
      return `${ip} ${condition.side === 'source' ? 'saddr' : 'daddr'} ${not}${condition.from}-${condition.to}`;
    case 'mac-source':
      return `ether saddr ${not}${condition.address}`;
    case 'packet-type':
      return `pkttype ${not}${condition.type}`;
    case 'set':
      return setLookup(condition, ip, not);
    case 'reverse-path':
      return reversePath(condition);
    case 'tuple-address':
      return networkText(tupleField(condition, `${ip} `), condition.network, not);
    case 'tuple-port':
      return `${tupleField(condition, 'proto-')} ${not}${portSet(condition.ranges)}`;
    case 'connection-protocol':
      return `ct original protocol ${not}${protocolName(condition.protocol)}`;
    case 'connection-direction':
      return `ct direction ${not}${condition.direction}`;
    case 'connection-status':
      return statusText(condition.statuses, condition.negated);
    case 'connection-expiry':
      return `ct expiration ${not}${condition.from === condition.to ? `${condition.from}s` : `${condition.from}s-${condition.to}s`}`;
    // A packet without a socket, bits of the type of service, and bridges: nft asks for them otherwise, or not at all.
    case 'socket':
    case 'tos':
    case 'bridge-port':
    case 'bridged':
    case 'opaque':
    case 'unseen':
      return null;
  }
}

function interfaceText(key: string, name: string, not: string): string {
  if (name === '+') return not === '' ? '' : `${key} != "*"`;
  return `${key} ${not}"${name.endsWith('+') ? `${name.slice(0, -1)}*` : name}"`;
}

function networkText(field: string, { address, mask, prefix }: Network, not: string): string {
  if (prefix === null) return `${field} & ${mask} ${not === '' ? '==' : '!='} ${address}`;
  if (prefix === 0) return not === '' ? '' : `${field} != ${address}/0`;
  const whole = prefix === (address.includes(':') ? 128 : 32);
  return `${field} ${not}${whole ? address : `${address}/${prefix}`}`;
}

/** The header that ports stand in; `th` where the rule does not say which. */
function header({ protocol }: About): string {
  const name = protocol === null ? '' : protocolName(protocol);
  return ['tcp', 'udp', 'udplite', 'sctp', 'dccp'].includes(name) ? name : 'th';
}

const portText = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);
const setText = (values: readonly string[]): string =>
  values.length === 1 ? (values[0] ?? '') : `{ ${values.join(', ')} }`;
const portSet = (ranges: readonly PortRange[]): string => setText(ranges.map(portText));

function eitherPort(ranges: readonly PortRange[], negated: boolean, about: About): string {
  const name = header(about);
  if (negated) return `${name} sport != ${portSet(ranges)} ${name} dport != ${portSet(ranges)}`;
  const pairs = ranges.map(portText).flatMap((text) => [`0-65535 . ${text}`, `${text} . 0-65535`]);
  return `${name} sport . ${name} dport { ${pairs.join(', ')} }`;
}

const flags = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'] as const;
const flagNames = (bits: number): string => flags.filter((_, bit) => (bits >> bit) & 1).join(',');

/** nft's names where it has one (`nft describe icmp type`). */
const icmpNames: Readonly<Record<Family, Readonly<Record<number, string>>>> = {
  ipv4: {
    0: 'echo-reply',
    3: 'destination-unreachable',
    4: 'source-quench',
    5: 'redirect',
    8: 'echo-request',
    9: 'router-advertisement',
    10: 'router-solicitation',
    11: 'time-exceeded',
    12: 'parameter-problem',
    13: 'timestamp-request',
    14: 'timestamp-reply',
    17: 'address-mask-request',
    18: 'address-mask-reply',
  },
  ipv6: {
    1: 'destination-unreachable',
    2: 'packet-too-big',
    3: 'time-exceeded',
    4: 'parameter-problem',
    128: 'echo-request',
    129: 'echo-reply',
    133: 'nd-router-solicit',
    134: 'nd-router-advert',
    135: 'nd-neighbor-solicit',
    136: 'nd-neighbor-advert',
    137: 'nd-redirect',
  },
};

function icmpText(
  { type, code }: Extract<Condition, { kind: 'icmp-type' }>,
  family: Family,
  not: string,
): string | null {
  const icmp = family === 'ipv4' ? 'icmp' : 'icmpv6';
  if (type === 255 && code === null)
    return not === '' ? `meta l4proto ${family === 'ipv4' ? 'icmp' : 'ipv6-icmp'}` : null;
  const name = icmpNames[family][type] ?? String(type);
  if (code === null) return `${icmp} type ${not}${name}`;
  // "Not this type and code" is one question, which two of nft's do not ask.
  return not === '' ? `${icmp} type ${name} ${icmp} code ${portText(code)}` : null;
}

/** SNAT and DNAT are a connection's status in nft: with states beside them nft cannot ask for one or the other. */
function stateText(states: readonly ConntrackState[], negated: boolean): string | null {
  const status = states.filter((state) => state === 'SNAT' || state === 'DNAT');
  const plain = states.filter((state) => state !== 'SNAT' && state !== 'DNAT');
  const text = (names: readonly string[]) => names.map((name) => name.toLowerCase()).join(',');
  const parts = [
    ...(plain.length > 0 ? [`ct state ${negated ? '! ' : ''}${text(plain)}`] : []),
    ...(status.length > 0 ? [`ct status ${negated ? '! ' : ''}${text(status)}`] : []),
  ];
  return parts.length === 1 || negated ? parts.join(' ') : null;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

function markText(key: string, { value, mask }: { value: number; mask: number }, not: string): string {
  if (mask === 0xffffffff) return `${key} ${not}${hex(value)}`;
  return `${key} and ${hex(mask)} ${not === '' ? '==' : '!='} ${hex(value)}`;
}

const units = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
] as const;

/** The first unit in which the rate is a whole number. */
function limitText(perSecond: number, burst: number): string | null {
  for (const [unit, seconds] of units) {
    const rate = perSecond * seconds;
    // The kernel keeps the time between two packets in ten thousandths of a second.
    if (rate >= 0.999 && Math.abs(rate - Math.round(rate)) / rate < 0.001) {
      return `limit rate ${Math.round(rate)}/${unit} burst ${burst} packets`;
    }
  }
  return null;
}

function statisticText(condition: Extract<Condition, { kind: 'statistic' }>, not: string): string {
  if (condition.mode === 'nth') return `numgen inc mod ${condition.every} ${not}${condition.packet}`;
  const most = 0x7fff_ffff;
  return `meta random & ${most} ${not === '' ? '<' : '>='} ${Math.round(condition.probability * 0x8000_0000)}`;
}

/** Only one interface's addresses count: `fib daddr . iif type local`. */
function addressTypeOnInterface(condition: Extract<Condition, { kind: 'address-type' }>, not: string): string {
  const side = condition.side === 'source' ? 'saddr' : 'daddr';
  const types = setText(condition.types.map((type) => type.toLowerCase()));
  return `fib ${side} . ${condition.limit === 'in' ? 'iif' : 'oif'} type ${not}${types}`;
}

const fields = {
  length: () => 'meta length',
  ttl: () => 'ip ttl',
  'hop-limit': () => 'ip6 hoplimit',
  dscp: (ip: string) => `${ip} dscp`,
  'tcp-mss': () => 'tcp option maxseg size',
  uid: () => 'skuid',
  gid: () => 'skgid',
} as const;

function fieldText({ field, ranges }: Extract<Condition, { kind: 'field' }>, ip: string, not: string): string {
  const values =
    field === 'dscp'
      ? ranges.map(({ from, to }) => (from === to ? hexByte(from) : `${hexByte(from)}-${hexByte(to)}`))
      : ranges.map(portText);
  return `${fields[field](ip)} ${not}${setText(values)}`;
}

const hexByte = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

/** ipset's sets are not nft's: the text is right where a set of the same name and elements is made there. */
function setLookup(
  { set, sides, returnNomatch, counting }: Extract<Condition, { kind: 'set' }>,
  ip: string,
  not: string,
): string | null {
  const [side] = sides;
  if (sides.length !== 1 || side === undefined || returnNomatch || counting.length > 0) return null;
  return `${ip} ${side === 'src' ? 'saddr' : 'daddr'} ${not}@${set}`;
}

/** What would be answered by the interface that it came in through; with `loose` by any. */
function reversePath({
  loose,
  mark,
  acceptLocal,
  negated,
}: Extract<Condition, { kind: 'reverse-path' }>): string | null {
  if (acceptLocal) return null;
  const key = ['saddr', ...(mark ? ['mark'] : []), ...(loose ? [] : ['iif'])].join(' . ');
  return `fib ${key} oif ${negated ? 'eq' : 'ne'} 0`;
}

const tupleField = (
  { direction, side }: { direction: 'original' | 'reply'; side: 'source' | 'destination' },
  before: string,
): string =>
  before === 'proto-'
    ? `ct ${direction} proto-${side === 'source' ? 'src' : 'dst'}`
    : `ct ${direction} ${before}${side === 'source' ? 'saddr' : 'daddr'}`;

const statusNames = {
  EXPECTED: 'expected',
  SEEN_REPLY: 'seen-reply',
  ASSURED: 'assured',
  CONFIRMED: 'confirmed',
} as const;

function statusText(statuses: readonly ConnectionStatus[], negated: boolean): string | null {
  const names = statuses.flatMap((status) => (status === 'NONE' ? [] : [statusNames[status]]));
  return names.length === statuses.length && names.length > 0
    ? `ct status ${negated ? '! ' : ''}${names.join(',')}`
    : null;
}
