/** Sources and destinations that the kernel does not believe: martians, rp_filter, and the rpfilter match. */

import { readNetwork } from '../addresses.ts';
import { type HostState, isInNetwork, isLoopback, knownPart } from './host-state.ts';
import type { Packet } from './packet.ts';
import { defaultRules } from './policy-rules.ts';
import { localType, routeOf } from './routing.ts';

/** net.ipv4.conf.INTERFACE.NAME and the one of `all`. In sysctl(8)'s names a dot of an interface becomes a slash. */
function settings(state: HostState | null, name: string, setting: string): readonly number[] {
  const sysctls = knownPart(state, 'sysctls') ?? {};
  return ['all', name.replaceAll('.', '/')].map((one) => Number(sysctls[`net.ipv4.conf.${one}.${setting}`] ?? 0));
}

/** IN_DEV_ORCONF of linux/inetdevice.h: set for the interface or for all. */
export const eitherSetting = (state: HostState | null, name: string, setting: string): boolean =>
  settings(state, name, setting).some((value) => value > 0);

/** IN_DEV_MAXCONF: the greater of both, as for rp_filter and arp_ignore. */
export const settingOf = (state: HostState | null, name: string, setting: string): number =>
  Math.max(...settings(state, name, setting));

const inText = (address: string, text: string): boolean => {
  const network = readNetwork(text, 'ipv4');
  return network !== null && isInNetwork(address, network);
};

/**
 * Why the routing code drops a packet that came in, whatever the routes are (ip_route_input_slow(): "martian source", "martian destination");
 * null where it does not. IPv4 alone: IPv6 does this before PREROUTING.
 */
export function martian(state: HostState | null, { src, dst, family, in: name }: Packet): string | null {
  if (family === 'ipv6' || name === undefined || name === 'lo') return null;
  const localnet = eitherSetting(state, name, 'route_localnet');
  const toAll = dst === '255.255.255.255' || (src === '0.0.0.0' && dst === '0.0.0.0');
  if (src !== undefined) {
    if (inText(src, '224.0.0.0/4') || src === '255.255.255.255') return `no packet can come from ${src}`;
    // ip_mc_validate_source(): a host without an address may speak to the groups of its link.
    const toLinkGroup = dst !== undefined && inText(dst, '224.0.0.0/24');
    if (inText(src, '0.0.0.0/8') && !toAll && !toLinkGroup) return `no packet can come from ${src}`;
    if (isLoopback(src) && !localnet) return `${src} came in through ${name} (route_localnet is 0)`;
    const disbelief = disbelieved(state, name, src);
    if (disbelief !== null && !inText(src, '0.0.0.0/8')) return disbelief;
  }
  if (dst === undefined || toAll) return null;
  if (inText(dst, '0.0.0.0/8')) return `no packet can go to ${dst}`;
  if (isLoopback(dst) && !localnet) return `${dst} cannot be reached through ${name} (route_localnet is 0)`;
  return null;
}

/** fib_validate_source(): an address of the host itself; and, where it looks into the tables at all, any that they deliver here. */
function disbelieved(state: HostState | null, name: string, src: string): string | null {
  const own = `it comes from ${src}, an address of the host itself (accept_local is 0)`;
  const acceptsLocal = eitherSetting(state, name, 'accept_local');
  if (!acceptsLocal && knownPart(state, 'addresses')?.some(({ address }) => address === src)) return own;
  const looks = settingOf(state, name, 'rp_filter') > 0 || hasOwnRules(state);
  if (!looks) return null;
  const type = localType(state, src);
  if (type === 'LOCAL') return acceptsLocal ? null : own;
  return type === 'BROADCAST' ? `no packet can come from ${src}, a broadcast address` : null;
}

/** Rules beside the three that every host has. */
const hasOwnRules = (state: HostState | null): boolean =>
  (knownPart(state, 'policyRules') ?? []).some(
    (rule) =>
      rule.family === 'ipv4' &&
      !defaultRules.some(({ priority, text }) => priority === rule.priority && text === rule.text),
  );

/**
 * Why IPv6 drops a packet from the wire before any rule is asked (ip6_rcv_core()); null where it does not. RFC 4291: addresses that no
 * packet between hosts has.
 */
export function refusedOnReceipt({ src, dst, family, in: name }: Packet): string | null {
  if (family === 'ipv4' || name === undefined || name === 'lo') return null;
  if (src === '::1' || dst === '::1') return `::1 is on no wire`;
  if (src?.startsWith('ff')) return `no packet can come from ${src}, a group`;
  return dst !== undefined && /^ff[0-9a-f][01]:/.test(dst) ? `${dst} does not leave a host` : null;
}

/** The reverse path filter of an interface: 0 off, 1 strict, 2 loose (ip-sysctl: the greater of `all` and the interface's own). */
export function reversePathFilter(state: HostState | null, { family, in: name }: Packet): 0 | 1 | 2 {
  if (family === 'ipv6' || name === undefined || name === 'lo') return 0;
  const value = settingOf(state, name, 'rp_filter');
  return value === 1 ? 1 : value === 2 ? 2 : 0;
}

export interface ReversePath {
  readonly loose: boolean;
  /** The packet's mark counts in the question. */
  readonly mark: boolean;
  readonly acceptLocal: boolean;
}

/** Whether a packet to its source would leave through the interface it came in through; loose: through any. null where not known. */
export function passesReversePath(state: HostState | null, packet: Packet, how: ReversePath): boolean | null {
  const { src, dst, family, in: name } = packet;
  if (name === 'lo') return true;
  if (src === undefined || name === undefined) return null;
  // rpfilter_mt6() leaves a packet without a source to the routing code.
  if (src === '::') return true;
  const type = localType(state, src);
  if (type === 'LOCAL') return how.acceptLocal && (how.loose || isLoopback(src));
  const route = routeOf(state, {
    family,
    dst: src,
    ...(dst === undefined ? {} : { src: dst }),
    iif: 'lo',
    backwards: true,
    mark: how.mark ? (packet.mark ?? 0) : 0,
    ...(packet.protocol === undefined ? {} : { protocol: packet.protocol }),
    ...(packet.sport === undefined ? {} : { dport: packet.sport }),
    ...(packet.dport === undefined ? {} : { sport: packet.dport }),
  });
  switch (route.kind) {
    case 'unknown':
      return null;
    case 'out':
      return how.loose || route.hops.some((hop) => hop.interface === name);
    default:
      return false;
  }
}
