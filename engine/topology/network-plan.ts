import { createHash } from 'node:crypto';
import type { NodeSpec, Topology } from './topology.ts';

/** One end of a link, in a node. */
export interface LinkEnd {
  readonly node: string;
  readonly interface: string;
  readonly mac: string;
  readonly mtu: number | null;
  readonly addresses: readonly string[];
}

/** A wire (two ends, one veth pair) or a segment (a bridge in `segmentNamespace`, and a veth pair from it to each end). */
export type LinkPlan =
  | { readonly kind: 'wire'; readonly name: string; readonly ends: readonly [LinkEnd, LinkEnd] }
  | { readonly kind: 'segment'; readonly name: string; readonly bridge: string; readonly ends: readonly SegmentEnd[] };

export interface SegmentEnd extends LinkEnd {
  /** The other end of its veth pair, a port of the bridge. */
  readonly port: string;
}

/** Where bridges live. No node can have this name: theirs begin with a letter. */
export const segmentNamespace = '_segments';
/** Where the ends of a node's links wait while the node restarts. */
export const holdingNamespace = '_holding';

/** Every link of a topology, in the order in which lab.yaml first names them. */
export function planLinks(topology: Topology, session: string): readonly LinkPlan[] {
  const ends = new Map<string, LinkEnd[]>();
  for (const [node, spec] of Object.entries(topology.nodes)) {
    for (const end of endsOf(node, spec, session)) {
      const link = spec.interfaces[end.interface]?.link ?? '';
      ends.set(link, [...(ends.get(link) ?? []), end]);
    }
  }
  let ports = 0;
  return [...ends].map(([name, list], index): LinkPlan => {
    const [one, other] = list;
    if (list.length === 2 && one !== undefined && other !== undefined) {
      return { kind: 'wire', name, ends: [one, other] };
    }
    const withPorts = list.map((end) => {
      ports += 1;
      return { ...end, port: `p${ports}` };
    });
    return { kind: 'segment', name, bridge: `br${index}`, ends: withPorts };
  });
}

function endsOf(node: string, spec: NodeSpec, session: string): LinkEnd[] {
  return Object.entries(spec.interfaces).map(([name, { addresses, mtu }]) => ({
    node,
    interface: name,
    mac: macOf(session, node, name),
    mtu: mtu ?? null,
    addresses,
  }));
}

/** A locally administered unicast address (IEEE 802: second-lowest bit of the first byte), the same for the same session and interface. */
export function macOf(session: string, node: string, name: string): string {
  const bytes = createHash('sha256').update(`${session}/${node}/${name}`).digest().subarray(0, 5);
  return ['02', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** The link-local address that a MAC gives (RFC 4291, appendix A: modified EUI-64). */
export function linkLocalOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const [first = 0, second = 0, third = 0, ...rest] = bytes;
  const all = [first ^ 2, second, third, 0xff, 0xfe, ...rest].map((byte) => byte.toString(16).padStart(2, '0'));
  return `fe80::${all.join('').replace(/(.{4})(?=.)/g, '$1:')}`;
}
