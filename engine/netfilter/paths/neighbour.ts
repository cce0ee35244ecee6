/** Who answers on a segment when a node asks for an address there (ARP, RFC 826; neighbour discovery, RFC 4861). */

import type { Family } from '../model.ts';
import { eitherSetting, settingOf } from '../simulate/reverse-path.ts';
import { routeOf } from '../simulate/routing.ts';
import {
  addressesOf,
  isDown,
  nodeNamed,
  type PathNetwork,
  type PathNode,
  type Segment,
  type SegmentEnd,
} from './network.ts';

export interface Neighbour {
  readonly node: PathNode;
  /** Where it hears the packet. */
  readonly interface: string;
}

/** Every node on the segment that would say "that is me"; more than one is an address that was given twice. */
export function neighbours(
  network: PathNetwork,
  segment: Segment,
  asker: SegmentEnd,
  address: string,
  family: Family,
): Neighbour[] {
  return segment.ends.flatMap((end) => {
    const node = nodeNamed(network, end.node);
    if (node === undefined || (end.node === asker.node && end.interface === asker.interface)) return [];
    return !isDown(node, end.interface) && answers(node, end.interface, address, family)
      ? [{ node, interface: end.interface }]
      : [];
  });
}

function answers(node: PathNode, name: string, address: string, family: Family): boolean {
  if (addressesOf(node, family, name).includes(address)) return true;
  // IPv6 answers for the addresses of the very interface; IPv4 for all of the host's, unless arp_ignore is set.
  if (family === 'ipv6') return false;
  if (addressesOf(node, family).includes(address)) return settingOf(node.state, name, 'arp_ignore') === 0;
  if (!eitherSetting(node.state, name, 'proxy_arp')) return false;
  const route = routeOf(node.state, { family, dst: address, iif: name, mark: 0 });
  return route.kind === 'out' && !route.hops.some((hop) => hop.interface === name);
}
