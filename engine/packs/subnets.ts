import ipaddr from 'ipaddr.js';

/** A network as a number, so that v4 and v6 are counted alike. */
export interface Subnet {
  readonly bits: 32 | 128;
  readonly start: bigint;
  readonly prefix: number;
}

/** Reads ADDRESS/PREFIX; host bits are cleared. The text must be valid (ipaddr.isValidCIDR). */
export function parseNetwork(text: string): Subnet {
  const [address, prefix] = ipaddr.parseCIDR(text);
  const bytes = address.toByteArray();
  const bits = bytes.length === 4 ? 32 : 128;
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const host = BigInt(bits - prefix);
  return { bits, start: (value >> host) << host, prefix };
}

/** The index-th network of `prefix` bits in a pool. */
export function subnetAt(pool: Subnet, prefix: number, index: bigint): Subnet {
  return { bits: pool.bits, start: pool.start + (index << BigInt(pool.bits - prefix)), prefix };
}

/** The index-th address of a network, 1-based as hosts are counted; null past its end. */
export function addressAt(subnet: Subnet, index: number): string | null {
  const size = 1n << BigInt(subnet.bits - subnet.prefix);
  if (BigInt(index) >= size) return null;
  return printAddress(subnet.bits, subnet.start + BigInt(index));
}

export function printNetwork(subnet: Subnet): string {
  return `${printAddress(subnet.bits, subnet.start)}/${subnet.prefix}`;
}

export function networksOverlap(one: Subnet, other: Subnet): boolean {
  if (one.bits !== other.bits) return false;
  const host = BigInt(one.bits - Math.min(one.prefix, other.prefix));
  return one.start >> host === other.start >> host;
}

function printAddress(bits: 32 | 128, value: bigint): string {
  const bytes: number[] = [];
  for (let shift = bits - 8; shift >= 0; shift -= 8) bytes.push(Number((value >> BigInt(shift)) & 255n));
  return ipaddr.fromByteArray(bytes).toString();
}
