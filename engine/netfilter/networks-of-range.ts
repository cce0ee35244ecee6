/** A range of addresses as the fewest networks. */

import { readIPv4, readIPv6, writeIPv4, writeIPv6 } from './addresses.ts';
import type { Family } from './model.ts';

/** In nft's JSON form of a prefix, in order; null where an end is no address or the ends stand the wrong way round. */
export function networksOf(
  from: string,
  to: string,
  family: Family,
): { readonly prefix: { readonly addr: string; readonly len: number } }[] | null {
  const [first, last] = [numberOf(from, family), numberOf(to, family)];
  if (first === null || last === null || first > last) return null;
  const bits = family === 'ipv4' ? 32 : 128;
  const networks: { prefix: { addr: string; len: number } }[] = [];
  for (let at = first; at <= last; ) {
    let free = 0;
    while (free < bits && (at >> BigInt(free)) % 2n === 0n && at + (1n << BigInt(free + 1)) - 1n <= last) free += 1;
    networks.push({ prefix: { addr: textOf(at, family), len: bits - free } });
    at += 1n << BigInt(free);
  }
  return networks;
}

function numberOf(text: string, family: Family): bigint | null {
  if (family === 'ipv4') {
    const value = text.includes(':') ? null : readIPv4(text);
    return value === null ? null : BigInt(value);
  }
  return readIPv6(text)?.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) ?? null;
}

function textOf(value: bigint, family: Family): string {
  if (family === 'ipv4') return writeIPv4(Number(value));
  return writeIPv6(Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn)));
}
