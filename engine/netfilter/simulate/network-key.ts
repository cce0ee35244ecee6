import { readIPv4, readIPv6 } from '../addresses.ts';

/** The first `prefix` bits of an address, with its family, as a text that compares: for hash tables of networks. */
export function networkKey(address: string, prefix: number): string {
  if (!address.includes(':')) {
    const value = readIPv4(address) ?? 0;
    return `4:${prefix === 0 ? 0 : (value >>> (32 - prefix)).toString()}`;
  }
  if (prefix === 128) return address;
  const groups = readIPv6(address) ?? [];
  const kept = groups.map((group, at) => group >>> Math.min(16, Math.max(0, 16 * (at + 1) - prefix)));
  return `6:${kept.join(':')}`;
}
