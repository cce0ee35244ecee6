/** addrtype for IPv6 (match_type6() of net/netfilter/xt_addrtype.c): unlike IPv4's it asks several questions, and all have to hold. */

import { type HostState, knownPart } from './host-state.ts';
import { localType, routeOf } from './routing.ts';

/** null: not known. */
export function is6(types: readonly string[], address: string, state: HostState | null): boolean | null {
  const multicast = address.startsWith('ff');
  if (types.includes('MULTICAST') && !multicast) return false;
  if (types.includes('UNICAST') && (multicast || address === '::')) return false;
  if (types.includes('UNSPEC') && address !== '::') return false;
  const asked = types.filter((type) => ['LOCAL', 'ANYCAST', 'UNREACHABLE'].includes(type));
  if (asked.length === 0) return types.some((type) => ['MULTICAST', 'UNICAST', 'UNSPEC'].includes(type));
  if (address === '::1') return asked.includes('LOCAL');
  if (knownPart(state, 'addresses') === null) return null;
  const local = localType(state, address);
  if (local === 'LOCAL' || local === 'ANYCAST') return asked.includes(local);
  if (!asked.includes('UNREACHABLE')) return false;
  const route = routeOf(state, { family: 'ipv6', dst: address, src: '::', iif: 'lo', mark: 0 });
  return route.kind === 'unknown' ? null : route.kind === 'none';
}
