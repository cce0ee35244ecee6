/** Which of its own addresses a host takes: for MASQUERADE, for REDIRECT, for packets that it sends itself. */

import { canonicalAddress, readIPv6, readNetwork } from '../addresses.ts';
import type { Family } from '../model.ts';
import { type HostAddress, type HostState, isInNetwork, isLoopback, knownPart } from './host-state.ts';

/** null: not known, or there is none. */
export function sourceAddress(state: HostState | null, out: string, dst: string | null, family: Family): string | null {
  const addresses = ofFamily(state, family);
  if (addresses === null) return out === 'lo' ? (family === 'ipv4' ? '127.0.0.1' : '::1') : null;
  return family === 'ipv4' ? select4(addresses, out, dst) : select6(addresses, out, dst);
}

function ofFamily(state: HostState | null, family: Family): HostAddress[] | null {
  const addresses = knownPart(state, 'addresses');
  return (
    addresses?.flatMap((one) => {
      const address = one.address.includes(':') === (family === 'ipv6') ? canonicalAddress(one.address, family) : null;
      return address === null ? [] : [{ ...one, address }];
    }) ?? null
  );
}

const networkOf = ({ address, prefix }: HostAddress, family: Family) => readNetwork(`${address}/${prefix}`, family);

/**
 * inet_select_addr(): the interface's primary address on the network of `towards` (the next hop), else its first primary one; where it has
 * none that others could reach, the first of any other interface.
 */
function select4(addresses: readonly HostAddress[], out: string, towards: string | null): string | null {
  const primary = addresses.filter((one, at) => !isLoopback(one.address) && !isSecondary(one, addresses.slice(0, at)));
  const own = primary.filter((one) => one.interface === out);
  const near = own.find((one) => {
    const network = networkOf(one, 'ipv4');
    return towards !== null && network !== null && isInNetwork(towards, network);
  });
  return (near ?? own[0] ?? primary[0])?.address ?? null;
}

/** A further address of a network that the interface has an address of already (IFA_F_SECONDARY). */
const isSecondary = (one: HostAddress, before: readonly HostAddress[]): boolean =>
  before.some((first) => {
    const network = networkOf(first, 'ipv4');
    return (
      first.interface === one.interface &&
      first.prefix === one.prefix &&
      network !== null &&
      isInNetwork(one.address, network)
    );
  });

/** ipv6_dev_get_saddr(), RFC 6724: of all the host's addresses the one that comes first by rules 1, 2, 5, 6 and 8. */
function select6(addresses: readonly HostAddress[], out: string, dst: string | null): string | null {
  if (dst === null)
    return addresses.find((one) => one.interface === out && scopeOf(one.address) === 14)?.address ?? null;
  const wanted = scopeOf(dst);
  // A destination on the link alone, or a group: only the interface's own addresses.
  const candidates = wanted < 14 || dst.startsWith('ff') ? addresses.filter((one) => one.interface === out) : addresses;
  const scored = candidates.map((one) => ({ one, score: scoreOf(one, out, dst, wanted) }));
  scored.sort((a, b) => compareScores(b.score, a.score));
  return scored[0]?.one.address ?? null;
}

function scoreOf(
  { address, interface: name, prefix }: HostAddress,
  out: string,
  dst: string,
  wanted: number,
): number[] {
  const scope = scopeOf(address);
  return [
    address === dst ? 1 : 0,
    scope >= wanted ? -scope : scope - 128,
    name === out ? 1 : 0,
    labelOf(address) === labelOf(dst) ? 1 : 0,
    // Counted no further than the address's own prefix (ipv6_get_saddr_eval).
    Math.min(prefix, commonBits(address, dst)),
  ];
}

function compareScores(a: readonly number[], b: readonly number[]): number {
  for (const [at, score] of a.entries()) {
    const difference = score - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** RFC 4007: 1 the node, 2 the link, 5 the site, 14 everywhere; a group says its own. */
function scopeOf(address: string): number {
  const [first = 0] = readIPv6(address) ?? [];
  if (address === '::1') return 1;
  if (first >>> 8 === 0xff) return first & 15;
  if ((first & 0xffc0) === 0xfe80) return 2;
  return (first & 0xffc0) === 0xfec0 ? 5 : 14;
}

/** The kernel's policy table (net/ipv6/addrlabel.c), longest prefixes first. */
const labels: readonly (readonly [string, number])[] = [
  ['::1/128', 0],
  ['::/96', 3],
  ['::ffff:0:0/96', 4],
  ['2001::/32', 6],
  ['2001:10::/28', 7],
  ['3ffe::/16', 12],
  ['2002::/16', 2],
  ['fec0::/10', 11],
  ['fc00::/7', 5],
];

function labelOf(address: string): number {
  const found = labels.find(([text]) => {
    const network = readNetwork(text, 'ipv6');
    return network !== null && isInNetwork(address, network);
  });
  return found?.[1] ?? 1;
}

function commonBits(a: string, b: string): number {
  const [one, other] = [readIPv6(a) ?? [], readIPv6(b) ?? []];
  for (const [at, group] of one.entries()) {
    const differing = group ^ (other[at] ?? 0);
    if (differing !== 0) return 16 * at + Math.clz32(differing) - 16;
  }
  return 128;
}

/**
 * Where REDIRECT sends a packet that came in (nf_nat_redirect.c): the interface's first address; of IPv6's one that reaches as far as the
 * destination did. `none`: it has no such address, and the packet is dropped. null: not known.
 */
export function redirectAddress(
  state: HostState | null,
  name: string,
  dst: string | undefined,
  family: Family,
): { readonly address: string } | 'none' | null {
  const own = ofFamily(state, family)?.filter((one) => one.interface === name);
  if (own === undefined) return name === 'lo' ? { address: family === 'ipv4' ? '127.0.0.1' : '::1' } : null;
  if (family === 'ipv4') return own[0] === undefined ? 'none' : { address: own[0].address };
  if (dst === undefined) return null;
  const onLink = scopeOf(dst) === 2;
  const found = own.find((one) => (onLink ? scopeOf(one.address) === 2 : true));
  // The kernel keeps addresses that reach further before others.
  const far = onLink ? found : (own.find((one) => scopeOf(one.address) === 14) ?? found);
  return far === undefined ? 'none' : { address: far.address };
}
