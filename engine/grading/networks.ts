import ipaddr from 'ipaddr.js';

type Parsed = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** An address or a network; null when the text is neither. */
function parseNetwork(text: string): Parsed | null {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** The same network however it is written: a bare address is its own /32 or /128. */
export function sameNetwork(a: string, b: string): boolean {
  const [first, second] = [parseNetwork(a), parseNetwork(b)];
  if (first === null || second === null) return a === b;
  return first[1] === second[1] && first[0].kind() === second[0].kind() && first[0].match(second[0], first[1]);
}

/** The address lies in the network (or is that address). */
export function isWithin(address: string, network: string): boolean {
  const [one, all] = [parseNetwork(address), parseNetwork(network)];
  if (one === null || all === null || one[0].kind() !== all[0].kind()) return false;
  return one[0].match(all[0], all[1]);
}
