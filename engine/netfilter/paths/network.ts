/** Several hosts and what joins them: what a packet's whole path is walked over. */

import { canonicalAddress } from '../addresses.ts';
import type { Family, Ruleset } from '../model.ts';
import { type HostState, knownPart } from '../simulate/host-state.ts';

/** A node's snapshot with its rulesets is one; `state` needs its addresses and routes. */
export interface PathNode {
  readonly name: string;
  readonly state: HostState;
  /** One for each backend and family that holds rules. */
  readonly rulesets: readonly Ruleset[];
}

export interface SegmentEnd {
  readonly node: string;
  readonly interface: string;
}

/** A wire or a segment: every end hears every other. */
export interface Segment {
  readonly name: string;
  readonly ends: readonly SegmentEnd[];
}

export interface PathNetwork {
  readonly nodes: readonly PathNode[];
  readonly segments: readonly Segment[];
}

export const nodeNamed = (network: PathNetwork, name: string): PathNode | undefined =>
  network.nodes.find((node) => node.name === name);

export const segmentOf = (network: PathNetwork, node: string, name: string): Segment | undefined =>
  network.segments.find(({ ends }) => ends.some((end) => end.node === node && end.interface === name));

/** A node's addresses of a family that others can reach: no loopback, no link-local ones; those of one interface if it is named. */
export function addressesOf(node: PathNode, family: Family, name?: string): string[] {
  return (knownPart(node.state, 'addresses') ?? []).flatMap((one) => {
    if (one.interface === 'lo' || (name !== undefined && one.interface !== name)) return [];
    if (one.address.includes(':') !== (family === 'ipv6') || /^fe[89ab]/i.test(one.address)) return [];
    return canonicalAddress(one.address, family) ?? [];
  });
}

/** An interface that is known to be down. */
export const isDown = (node: PathNode, name: string): boolean =>
  knownPart(node.state, 'links')?.some((link) => link.name === name && !link.up) ?? false;

export const macOf = (node: PathNode, name: string): string | undefined =>
  knownPart(node.state, 'links')?.find((link) => link.name === name)?.mac;
