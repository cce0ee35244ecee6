/** What a host is besides its rulesets. A node's snapshot (engine/observe) is one as it stands; nothing here imports it. */

import { canonicalAddress, readIPv4, readIPv6, readNetwork } from '../addresses.ts';
import type { Family, Network } from '../model.ts';
import type { NftTable } from '../nft/own-table.ts';

/** A part that is missing, or named in `problems`, is unknown. */
export interface HostState {
  readonly addresses?: readonly HostAddress[];
  readonly routes?: readonly HostRoute[];
  readonly policyRules?: readonly { readonly family: Family; readonly priority: number; readonly text: string }[];
  /** By sysctl(8)'s names: net.ipv4.ip_forward. */
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly ipsets?: readonly HostIpset[];
  readonly listeners?: readonly {
    readonly protocol: 'tcp' | 'udp';
    readonly address: string;
    readonly port: number;
  }[];
  /** Tables of nf_tables that are not iptables' own, as `nft -j list table` gives them. */
  readonly nftTables?: readonly HostNftTable[];
  readonly links?: readonly HostLink[];
  readonly problems?: readonly { readonly section: string }[];
}

export interface HostLink {
  readonly name: string;
  readonly mac: string;
  readonly up: boolean;
}

export interface HostNftTable {
  readonly family: string;
  readonly name: string;
  readonly json: unknown;
  /** What is known of it otherwise, by the family of packets. The JSON is then not asked. */
  readonly read?: Readonly<Partial<Record<Family, NftTable>>>;
}

export interface HostAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefix: number;
}

export interface HostRoute {
  readonly family: Family;
  readonly table: string;
  /** 'default' or a network in CIDR form. */
  readonly destination: string;
  readonly via: string | null;
  readonly interface: string | null;
  readonly metric: number | null;
  readonly type: string;
  /** The address that packets of this host take on it (`src` of ip-route(8)). */
  readonly source?: string | null;
}

export interface HostIpset {
  readonly name: string;
  readonly type: string;
  readonly header: string;
  readonly entries: readonly string[];
}

/** Sections of a snapshot that have another name than the part. */
const sections: Readonly<Record<string, string>> = { policyRules: 'policy-rules', ipsets: 'ipset', nftTables: 'nft' };

/** A part of the state, null where it is not known. */
export function knownPart<K extends Exclude<keyof HostState, 'problems'>>(
  state: HostState | null,
  part: K,
): NonNullable<HostState[K]> | null {
  const section = sections[part] ?? part;
  if (state === null || state.problems?.some((problem) => problem.section === section)) return null;
  return state[part] ?? null;
}

/** The bytes of an address in canonical text. */
function groupsOf(address: string): number[] {
  const v4 = readIPv4(address);
  return v4 === null ? (readIPv6(address) ?? []) : [v4 >>> 16, v4 & 0xffff];
}

/** Whether an address lies in a network, both in canonical text; never when the families differ. */
export function isInNetwork(address: string, network: Network): boolean {
  if (address.includes(':') !== network.address.includes(':')) return false;
  if (!address.includes(':')) {
    const value = readIPv4(address) ?? 0;
    return (value & (readIPv4(network.mask) ?? 0)) >>> 0 === readIPv4(network.address);
  }
  const wanted = groupsOf(network.address);
  const mask = groupsOf(network.mask);
  return groupsOf(address).every((group, index) => (group & (mask[index] ?? 0)) === wanted[index]);
}

const isIn = (address: string, text: string, family: Family): boolean => {
  const network = readNetwork(text, family);
  return network !== null && isInNetwork(address, network);
};

/** RFC 1122 and RFC 4291: addresses that are always the host's own. */
export function isLoopback(address: string): boolean {
  return address.includes(':') ? address === '::1' : address.startsWith('127.');
}

export type AddressType = 'LOCAL' | 'UNICAST' | 'BROADCAST' | 'MULTICAST' | 'UNSPEC';

/** The kinds that need no host to be told; null for all others. */
export function plainAddressType(address: string): AddressType | null {
  if (isLoopback(address)) return 'LOCAL';
  if (address.includes(':')) return address.startsWith('ff') ? 'MULTICAST' : address === '::' ? 'UNSPEC' : null;
  if (isIn(address, '224.0.0.0/4', 'ipv4')) return 'MULTICAST';
  // inet_addr_type() of net/ipv4/fib_frontend.c says broadcast of 0.0.0.0/8 too.
  if (address === '255.255.255.255' || isIn(address, '0.0.0.0/8', 'ipv4')) return 'BROADCAST';
  return null;
}

/** What an address is on a host with these addresses. */
export function addressTypeOn(addresses: readonly HostAddress[], address: string): AddressType {
  const plain = plainAddressType(address);
  if (plain !== null) return plain;
  const family: Family = address.includes(':') ? 'ipv6' : 'ipv4';
  for (const own of addresses) if (canonicalAddress(own.address, family) === address) return 'LOCAL';
  if (family === 'ipv4' && addresses.some((own) => isBroadcastOf(own, address))) return 'BROADCAST';
  return 'UNICAST';
}

function isBroadcastOf(own: HostAddress, address: string): boolean {
  const value = readIPv4(own.address);
  if (value === null || own.prefix >= 31 || isLoopback(own.address)) return false;
  const host = own.prefix === 0 ? 0xffffffff : (2 ** (32 - own.prefix) - 1) >>> 0;
  return (value | host) >>> 0 === readIPv4(address);
}

/** Whether the host passes packets on that come in there; null where it is not known. */
export function forwards(state: HostState | null, family: Family, from: string | undefined): boolean | null {
  const sysctls = knownPart(state, 'sysctls');
  if (sysctls === null) return null;
  const names =
    family === 'ipv4' ? [`net.ipv4.conf.${from}.forwarding`, 'net.ipv4.ip_forward'] : ['net.ipv6.conf.all.forwarding'];
  const value = names.map((name) => sysctls[name]).find((one) => one !== undefined);
  return value === undefined ? null : value.trim() !== '0';
}
