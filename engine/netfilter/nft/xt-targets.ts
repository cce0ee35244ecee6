/** Parameters of xt targets, from the structs of the kernel's uapi headers: one entry for each name. */

import type { Action, Family, PortRange } from '../model.ts';
import { Bytes } from './bytes.ts';

type TargetReader = (info: Bytes, revision: number, family: Family) => Action | null;

/** enum ipt_reject_with, enum ip6t_reject_with. */
const rejects: Readonly<Record<Family, readonly (string | null)[]>> = {
  ipv4: [
    'icmp-net-unreachable',
    'icmp-host-unreachable',
    'icmp-proto-unreachable',
    'icmp-port-unreachable',
    null,
    'icmp-net-prohibited',
    'icmp-host-prohibited',
    'tcp-reset',
    'icmp-admin-prohibited',
  ],
  ipv6: [
    'icmp6-no-route',
    'icmp6-adm-prohibited',
    null,
    'icmp6-addr-unreachable',
    'icmp6-port-unreachable',
    null,
    'tcp-reset',
    'icmp6-policy-fail',
    'icmp6-reject-route',
  ],
};

function reject(info: Bytes, _revision: number, family: Family): Action | null {
  const name = rejects[family][info.u32(0)];
  return name == null ? null : { kind: 'reject', with: name };
}

/** NF_LOG_ bits of linux/netfilter/nf_log.h. */
const logFlags: readonly (readonly [number, string])[] = [
  [4, 'ip-options'],
  [32, 'macdecode'],
  [2, 'tcp-options'],
  [1, 'tcp-sequence'],
  [8, 'uid'],
];

export function logAction(prefix: string, level: number, bits: number): Action {
  return { kind: 'log', prefix, level, flags: logFlags.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name) };
}

/** NF_NAT_RANGE_ bits of linux/netfilter/nf_nat.h. */
const range = { addresses: 1, ports: 2, random: 4, persistent: 8, randomFully: 16, offset: 32, netmap: 64 } as const;

export function natFlags(bits: number): string[] {
  return [
    ...((bits & range.persistent) !== 0 ? ['persistent'] : []),
    ...((bits & range.random) !== 0 ? ['random'] : []),
    ...((bits & range.randomFully) !== 0 ? ['random-fully'] : []),
  ];
}

interface NatRange {
  readonly addresses: { readonly from: string; readonly to: string } | null;
  readonly ports: PortRange | null;
  readonly flags: string[];
}

/**
 * struct nf_nat_ipv4_multi_range_compat { __u32 rangesize; { __u32 flags; __be32 min_ip, max_ip; __be16 min, max; } } or
 * struct nf_nat_range(2) { __u32 flags; union nf_inet_addr min_addr, max_addr; __be16 min, max (, base); }, told apart by their length.
 */
function natRange(info: Bytes, family: Family): NatRange | null {
  const old = info.length < 40;
  const at = old ? { flags: 4, from: 8, to: 12, ports: 16 } : { flags: 0, from: 4, to: 20, ports: 36 };
  const bits = info.u32(at.flags);
  if ((old && info.u32(0) !== 1) || (bits & (range.offset | range.netmap)) !== 0) return null;
  return {
    addresses:
      (bits & range.addresses) === 0 ? null : { from: info.address(at.from, family), to: info.address(at.to, family) },
    ports: (bits & range.ports) === 0 ? null : { from: info.big16(at.ports), to: info.big16(at.ports + 2) },
    flags: natFlags(bits),
  };
}

const toHere =
  (kind: 'redirect' | 'masquerade'): TargetReader =>
  (info, _revision, family) => {
    const read = natRange(info, family);
    return read === null || read.addresses !== null ? null : { kind, ports: read.ports, flags: read.flags };
  };

const toOther =
  (kind: 'dnat' | 'snat'): TargetReader =>
  (info, _revision, family) => {
    const read = natRange(info, family);
    return read === null || (read.addresses === null && read.ports === null) ? null : { kind, ...read };
  };

const readers: Readonly<Record<string, TargetReader>> = {
  REJECT: reject,
  /** struct xt_log_info { unsigned char level, logflags; char prefix[30]; }. */
  LOG: (info) => logAction(info.text(2, 30), info.u8(0), info.u8(1)),
  REDIRECT: toHere('redirect'),
  MASQUERADE: toHere('masquerade'),
  DNAT: toOther('dnat'),
  SNAT: toOther('snat'),
  /** struct xt_mark_tginfo2 { __u32 mark, mask; }. */
  MARK: (info, revision) => (revision === 2 ? { kind: 'mark', clear: info.u32(4), xor: info.u32(0) } : null),
};

/** What an xt target does; `unseen` for those whose struct is not read here. */
export function readTarget(name: string, revision: number, info: string, family: Family): Action {
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  return reader?.(new Bytes(info), revision, family) ?? { kind: 'unseen', target: name };
}
