/**
 * Parameters of xt matches, from the structs of the kernel's uapi headers (include/uapi/linux/netfilter/xt_*.h, netfilter_ipv4/ and
 * netfilter_ipv6/): one entry for each name and revision.
 */

import { addressTypes } from '../extensions/state.ts';
import { tcpFlags } from '../extensions/tcp-flags.ts';
import type { Condition, ConntrackState, PortRange } from '../model.ts';
import { Bytes } from './bytes.ts';

/** null: what the struct says has no typed counterpart. */
type MatchReader = (info: Bytes) => Condition[] | null;

const isAll = ({ from, to }: PortRange): boolean => from === 0 && to === 65535;

/** struct xt_udp { __u16 spts[2], dpts[2]; __u8 invflags; }; xt_tcp begins alike. */
function portsOf(info: Bytes, inverted: number): Condition[] {
  const source = { from: info.u16(0), to: info.u16(2) };
  const destination = { from: info.u16(4), to: info.u16(6) };
  const found: Condition[] = [];
  if (!isAll(source) || (inverted & 1) !== 0)
    found.push({ kind: 'source-port', ranges: [source], negated: (inverted & 1) !== 0 });
  if (!isAll(destination) || (inverted & 2) !== 0)
    found.push({ kind: 'destination-port', ranges: [destination], negated: (inverted & 2) !== 0 });
  return found;
}

/** struct xt_tcp: then __u8 option, flg_mask, flg_cmp, invflags. */
function tcp(info: Bytes): Condition[] | null {
  const inverted = info.u8(11);
  if (info.u8(8) !== 0) return null;
  const found = portsOf(info, inverted);
  const negated = (inverted & 4) !== 0;
  if (info.u8(9) !== 0 || negated) found.push(tcpFlags(info.u8(9), info.u8(10), negated));
  return found;
}

/** struct ipt_icmp { __u8 type, code[2], invflags; }; ip6t_icmp is the same. */
function icmp(info: Bytes): Condition[] {
  const code = { from: info.u8(1), to: info.u8(2) };
  const negated = (info.u8(3) & 1) !== 0;
  return [{ kind: 'icmp-type', type: info.u8(0), code: code.from === 0 && code.to === 255 ? null : code, negated }];
}

/** struct xt_multiport_v1 { __u8 flags, count; __u16 ports[15]; __u8 pflags[15], invert; }. */
function multiport(info: Bytes): Condition[] | null {
  const kind = (['source-port', 'destination-port', 'either-port'] as const)[info.u8(0)];
  if (kind === undefined) return null;
  const ranges: PortRange[] = [];
  for (let index = 0; index < info.u8(1); index++) {
    const from = info.u16(2 + 2 * index);
    if (info.u8(32 + index) !== 0) ranges.push({ from, to: info.u16(2 + 2 * ++index) });
    else ranges.push({ from, to: from });
  }
  return [{ kind, ranges: mergeRanges(ranges), negated: info.u8(47) !== 0 }];
}

/** Sorted, merged, and not adjacent, as the model has them. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

/** XT_CONNTRACK_STATE_BIT of linux/netfilter/xt_conntrack.h. */
const states: readonly (readonly [number, ConntrackState])[] = [
  [1, 'INVALID'],
  [8, 'NEW'],
  [4, 'RELATED'],
  [2, 'ESTABLISHED'],
  [256, 'UNTRACKED'],
  [64, 'SNAT'],
  [128, 'DNAT'],
];

/** struct xt_conntrack_mtinfo1 to 3: eight addresses, then as below; revision 1 has the masks as bytes. */
function conntrack(revision: number): MatchReader {
  return (info) => {
    // XT_CONNTRACK_STATE, perhaps with XT_CONNTRACK_STATE_ALIAS (-m state), alone: all else has no type in the model.
    if ((info.u16(146) & ~0x2000) !== 1) return null;
    const mask = revision === 1 ? info.u8(150) : info.u16(150);
    const found = states.filter(([bit]) => (mask & bit) !== 0).map(([, state]) => state);
    return [{ kind: 'conntrack-state', states: found, negated: (info.u16(148) & 1) !== 0 }];
  };
}

/** struct xt_mark_mtinfo1 { __u32 mark, mask; __u8 invert; }; xt_connmark_mtinfo1 is the same. */
const mark =
  (kind: 'mark' | 'connmark'): MatchReader =>
  (info) => [{ kind, value: info.u32(0), mask: info.u32(4), negated: info.u8(8) !== 0 }];

/** struct xt_addrtype_info_v1 { __u16 source, dest; __u32 flags; }. */
function addressType(info: Bytes): Condition[] | null {
  const flags = info.u32(4);
  // XT_ADDRTYPE_LIMIT_IFACE_IN and _OUT ask about an interface too.
  if ((flags & 12) !== 0) return null;
  const read = (bits: number, side: 'source' | 'destination', negated: boolean): Condition[] =>
    bits === 0
      ? []
      : [{ kind: 'address-type', side, types: addressTypes.filter((_, bit) => ((bits >> bit) & 1) !== 0), negated }];
  return [...read(info.u16(0), 'source', (flags & 1) !== 0), ...read(info.u16(2), 'destination', (flags & 2) !== 0)];
}

/** struct xt_rateinfo { __u32 avg, burst; ... }: avg is the time between two packets in 1/10,000 s. */
function limit(info: Bytes): Condition[] | null {
  return info.u32(0) === 0 ? null : [{ kind: 'limit', perSecond: 10_000 / info.u32(0), burst: info.u32(4) }];
}

/** struct xt_statistic_info { __u16 mode, flags; union { __u32 probability; struct { __u32 every, packet, count; } nth; } u; }. */
function statistic(info: Bytes): Condition[] {
  const negated = (info.u16(2) & 1) !== 0;
  if (info.u16(0) === 0) return [{ kind: 'statistic', mode: 'random', probability: info.u32(4) / 0x80000000, negated }];
  return [{ kind: 'statistic', mode: 'nth', every: info.u32(4) + 1, packet: info.u32(8), negated }];
}

/** By `name/revision`; without a revision for all of them. */
const readers: Readonly<Record<string, MatchReader>> = {
  tcp,
  udp: (info) => portsOf(info, info.u8(8)),
  icmp,
  icmp6: icmp,
  'multiport/1': multiport,
  'conntrack/1': conntrack(1),
  'conntrack/2': conntrack(2),
  'conntrack/3': conntrack(3),
  'mark/1': mark('mark'),
  'connmark/1': mark('connmark'),
  comment: (info) => [{ kind: 'comment', text: info.text(0, 256) }],
  'addrtype/1': addressType,
  limit,
  statistic,
};

/** What an xt match asks for; `unseen` for those whose struct is not read here. */
export function readMatch(name: string, revision: number, info: string): Condition[] {
  const reader = readers[`${name}/${revision}`] ?? (Object.hasOwn(readers, name) ? readers[name] : undefined);
  return reader?.(new Bytes(info)) ?? [{ kind: 'unseen', module: name }];
}
