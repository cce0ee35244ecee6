/** addrtype for IPv6 (match_type6() of net/netfilter/xt_addrtype.c): unlike IPv4's it asks several questions, and all have to hold. */

import { canonicalAddress } from '../addresses.ts';
import { type HostState, knownPart } from './host-state.ts';
import { localType, routeOf } from './routing.ts';

/** With a `device` (--limit-iface) an address counts as LOCAL on that interface alone. null: not known. */
export function is6(
  types: readonly string[],
  address: string,
  state: HostState | null,
  device?: string | null,
): boolean | null {
  const multicast = address.startsWith('ff');
  if (types.includes('MULTICAST') && !multicast) return false;
  // ipv6_addr_type() has a type of its own for v4-mapped addresses.
  if (types.includes('UNICAST') && (multicast || address === '::' || isMapped(address))) return false;
  if (types.includes('UNSPEC') && address !== '::') return false;
  const asked = types.filter((type) => ['LOCAL', 'ANYCAST', 'UNREACHABLE'].includes(type));
  if (asked.length === 0) return types.some((type) => ['MULTICAST', 'UNICAST', 'UNSPEC'].includes(type));
  if (device === undefined && address === '::1') return asked.includes('LOCAL');
  const addresses = knownPart(state, 'addresses');
  if (addresses === null || device === null) return null;
  const isOn = (name: string) =>
    addresses.some((one) => one.interface === name && canonicalAddress(one.address, 'ipv6') === address);
  const local = localType(state, address);
  if (asked.includes('LOCAL') && (device === undefined ? local === 'LOCAL' : isOn(device))) return true;
  if (asked.includes('ANYCAST') && local === 'ANYCAST') return true;
  if (!asked.includes('UNREACHABLE') || local === 'LOCAL' || local === 'ANYCAST') return false;
  const question = { family: 'ipv6', dst: address, src: '::', iif: 'lo', mark: 0 } as const;
  const route = routeOf(state, device === undefined ? question : { ...question, oif: device });
  return route.kind === 'unknown' ? null : route.kind === 'none';
}

/** ::ffff:0:0/96 in canonical text, dotted or not. */
const isMapped = (address: string): boolean => /^::ffff:([0-9a-f]+:[0-9a-f]+|[0-9.]+\.[0-9.]+)$/.test(address);
