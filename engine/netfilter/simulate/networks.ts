import { readIPv4, readIPv6 } from '../addresses.ts';
import type { Family, Network } from '../model.ts';

/** Whether an address lies in a network: (address & mask) == network, holes in the mask and all. */
export function isInNetwork(address: string, network: Network, family: Family): boolean {
  if (family === 'ipv4') {
    const [bits, mask, base] = [readIPv4(address), readIPv4(network.mask), readIPv4(network.address)];
    return bits !== null && mask !== null && base !== null && (bits & mask) >>> 0 === base >>> 0;
  }
  const [bits, mask, base] = [readIPv6(address), readIPv6(network.mask), readIPv6(network.address)];
  if (bits === null || mask === null || base === null) return false;
  return bits.every((group, index) => (group & (mask[index] ?? 0)) === base[index]);
}
