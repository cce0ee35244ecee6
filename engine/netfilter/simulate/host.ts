import { readNetwork } from '../addresses.ts';
import type { Family } from '../model.ts';
import { isInNetwork } from './networks.ts';

/** What a machine knows besides its rules, as far as the simulator asks for it. A snapshot of a node has all of it. */
export interface HostState {
  readonly addresses: readonly { readonly interface: string; readonly address: string; readonly prefix: number }[];
  readonly routes: readonly {
    readonly family: Family;
    readonly destination: string;
    readonly interface: string | null;
    readonly type: string;
    readonly metric: number | null;
    readonly table: string;
  }[];
  readonly sysctls: Readonly<Record<string, string>>;
}

/** Whether an address is one of this machine's own; null where that cannot be known. */
export function isLocalAddress(address: string, host: HostState | undefined): boolean | null {
  if (isLoopback(address)) return true;
  if (host === undefined) return null;
  return host.addresses.some((one) => one.address === address);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** IPv4's 224.0.0.0/4 and IPv6's ff00::/8. */
export function isMulticast(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return address.includes(':') ? /^ff/i.test(address) : first >= 224 && first < 240;
}

/** The first address of an interface, which MASQUERADE and REDIRECT use; link-local ones only where there is no other. */
export function addressOf(interfaceName: string, family: Family, host: HostState | undefined): string | undefined {
  const own = (host?.addresses ?? []).filter(
    (one) => one.interface === interfaceName && one.address.includes(':') === (family === 'ipv6'),
  );
  return (own.find((one) => !one.address.startsWith('fe80')) ?? own[0])?.address;
}

/** Where a packet to that address leaves: the longest prefix of the main table, then the lowest metric; null where none leads there. */
export function routeTo(
  address: string,
  family: Family,
  host: HostState,
): { readonly interface: string | null } | null {
  let best: { prefix: number; metric: number; interface: string | null } | null = null;
  for (const route of host.routes) {
    if (route.family !== family || (route.table !== 'main' && route.table !== '')) continue;
    if (/^(unreachable|blackhole|prohibit|throw)$/.test(route.type)) continue;
    const network = route.destination === 'default' ? null : readNetwork(route.destination, family);
    if (network !== null && !isInNetwork(address, network, family)) continue;
    const prefix = network?.prefix ?? 0;
    const metric = route.metric ?? 0;
    if (best === null || prefix > best.prefix || (prefix === best.prefix && metric < best.metric)) {
      best = { prefix, metric, interface: route.interface };
    }
  }
  return best;
}

/** Whether this machine passes packets on; null where that is not known. */
export function forwards(family: Family, host: HostState | undefined): boolean | null {
  const value = host?.sysctls[family === 'ipv4' ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'];
  return value === undefined ? null : value !== '0';
}
