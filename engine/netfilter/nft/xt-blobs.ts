import { canonicalAddress } from '../addresses.ts';
import type { Action, Condition, ConntrackState, Family, PortRange } from '../model.ts';

/**
 * The parameters of xt matches and targets, as the structs of include/uapi/linux/netfilter/*.h lay them out: numbers in the machine's order
 * (little-endian wherever Hookpoint runs), ports of nat ranges in network order. A struct that is not known here stays unseen.
 */
export function readMatch(name: string, revision: number, info: Buffer): Condition {
  const unseen: Condition = { kind: 'unseen', module: name };
  switch (name) {
    case 'comment':
      return { kind: 'comment', text: textOf(info) };
    case 'icmp':
    case 'icmp6': {
      const [type = 255, from = 0, to = 255, inverted = 0] = info;
      const code = from === 0 && to === 255 ? null : { from, to };
      return { kind: 'icmp-type', type, code, negated: (inverted & 1) === 1 };
    }
    case 'multiport':
      return revision === 1 ? multiport(info) : unseen;
    case 'conntrack':
      return revision === 3 ? conntrack(info) : unseen;
    default:
      return unseen;
  }
}

/** struct xt_multiport_v1: flags, count, 15 ports, 15 marks of ranges, invert. */
function multiport(info: Buffer): Condition {
  const kinds = ['source-port', 'destination-port', 'either-port'] as const;
  const kind = kinds[info[0] ?? 0] ?? 'either-port';
  const count = info[1] ?? 0;
  const port = (index: number) => info.readUInt16LE(2 + 2 * index);
  const ranges: PortRange[] = [];
  for (let index = 0; index < count; index++) {
    const isRange = info[32 + index] === 1;
    ranges.push({ from: port(index), to: port(isRange ? index + 1 : index) });
    if (isRange) index++;
  }
  return { kind, ranges: ranges.sort((a, b) => a.from - b.from), negated: info[47] === 1 };
}

const states: readonly (readonly [number, ConntrackState])[] = [
  [1, 'INVALID'],
  [2, 'ESTABLISHED'],
  [4, 'RELATED'],
  [8, 'NEW'],
  [64, 'SNAT'],
  [128, 'DNAT'],
  [256, 'UNTRACKED'],
];

/** struct xt_conntrack_mtinfo3 where it asks for the state alone. */
function conntrack(info: Buffer): Condition {
  const stateOnly = 1;
  if (info.length < 154 || info.readUInt16LE(146) !== stateOnly) return { kind: 'unseen', module: 'conntrack' };
  const mask = info.readUInt16LE(150);
  const negated = (info.readUInt16LE(148) & stateOnly) !== 0;
  const named = states.filter(([bit]) => (mask & bit) !== 0).map(([, state]) => state);
  return { kind: 'conntrack-state', states: named, negated };
}

export function readTarget(name: string, revision: number, info: Buffer, family: Family): Action {
  const unseen: Action = { kind: 'unseen', target: name };
  switch (name) {
    case 'LOG':
      return logTarget(info);
    case 'REJECT':
      return { kind: 'reject', with: rejections[family][info.readUInt32LE(0)] ?? 'unknown' };
    case 'REDIRECT':
    case 'MASQUERADE': {
      const range = family === 'ipv4' ? compatRange(info) : wideRange(info, family);
      const kind = name === 'REDIRECT' ? 'redirect' : 'masquerade';
      return { kind, ports: range.ports, flags: range.flags };
    }
    case 'DNAT':
    case 'SNAT': {
      const range = revision === 0 ? compatRange(info) : wideRange(info, family);
      return { kind: name === 'DNAT' ? 'dnat' : 'snat', ...range };
    }
    default:
      return unseen;
  }
}

const logFlags: readonly (readonly [number, string])[] = [
  [1, '--log-tcp-sequence'],
  [2, '--log-tcp-options'],
  [4, '--log-ip-options'],
  [8, '--log-uid'],
  [32, '--log-macdecode'],
];

/** struct xt_log_info: level, flags, prefix[30]. */
function logTarget(info: Buffer): Action {
  const [level = 4, bits = 0] = info;
  const flags = logFlags.filter(([bit]) => (bits & bit) !== 0).map(([, flag]) => flag);
  return { kind: 'log', prefix: textOf(info.subarray(2)), level, flags };
}

/** enum ipt_reject_with and enum ip6t_reject_with, in order. */
const rejections: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [
    'icmp-net-unreachable',
    'icmp-host-unreachable',
    'icmp-proto-unreachable',
    'icmp-port-unreachable',
    'echo-reply',
    'icmp-net-prohibited',
    'icmp-host-prohibited',
    'tcp-reset',
    'icmp-admin-prohibited',
  ],
  ipv6: [
    'icmp6-no-route',
    'icmp6-adm-prohibited',
    'icmp6-not-neighbour',
    'icmp6-addr-unreachable',
    'icmp6-port-unreachable',
    'echo-reply',
    'tcp-reset',
    'icmp6-policy-fail',
    'icmp6-reject-route',
  ],
};

interface NatRange {
  readonly addresses: { readonly from: string; readonly to: string } | null;
  readonly ports: PortRange | null;
  readonly flags: readonly string[];
}

const natFlags: readonly (readonly [number, string])[] = [
  [4, '--random'],
  [8, '--persistent'],
  [16, '--random-fully'],
];

/** struct nf_nat_ipv4_multi_range_compat with its one range: size, flags, two addresses, two ports. */
function compatRange(info: Buffer): NatRange {
  const address = (offset: number) => [...info.subarray(offset, offset + 4)].join('.');
  return natRange(info.readUInt32LE(4), [address(8), address(12)], info, 16);
}

/** struct nf_nat_range2: flags, two addresses of sixteen bytes, two ports. */
function wideRange(info: Buffer, family: Family): NatRange {
  const address = (offset: number) => {
    if (family === 'ipv4') return [...info.subarray(offset, offset + 4)].join('.');
    const groups = info.toString('hex', offset, offset + 16).match(/.{4}/g) ?? [];
    return canonicalAddress(groups.join(':'), family) ?? '::';
  };
  return natRange(info.readUInt32LE(0), [address(4), address(20)], info, 36);
}

function natRange(bits: number, [from, to]: readonly [string, string], info: Buffer, ports: number): NatRange {
  return {
    addresses: (bits & 1) !== 0 ? { from, to } : null,
    ports: (bits & 2) !== 0 ? { from: info.readUInt16BE(ports), to: info.readUInt16BE(ports + 2) } : null,
    flags: natFlags.filter(([bit]) => (bits & bit) !== 0).map(([, flag]) => flag),
  };
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? undefined : end);
}
