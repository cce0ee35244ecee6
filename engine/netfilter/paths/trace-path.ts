/** A client asks, a server answers: both ways over every node between, for the first packet of a connection and for a later one. */

import { canonicalAddress } from '../addresses.ts';
import type { Family } from '../model.ts';
import { knownPart } from '../simulate/host-state.ts';
import type { Packet } from '../simulate/packet.ts';
import { routeOf } from '../simulate/routing.ts';
import { type Connections, noConnections } from './connections.ts';
import { type Leg, type LegEnd, type LegWay, mostWays, walkLeg } from './leg.ts';
import { addressesOf, nodeNamed, type PathNetwork, type PathNode } from './network.ts';

export type Probe =
  | { readonly protocol: 'tcp' | 'udp'; readonly port: number; readonly sourcePort?: number }
  | { readonly protocol: 'icmp' };

export interface PathQuestion {
  readonly network: PathNetwork;
  /** The node that asks. */
  readonly from: string;
  /** A node, or an address: one that a router forwards to another is the way to ask for that. */
  readonly to: string;
  readonly probe: Probe;
  /** For a `to` that is a node with addresses of both; IPv4 if left out and there is one. */
  readonly family?: Family;
  /** `full`: each walk has the rules that did not match too, with why. */
  readonly walk?: 'full' | 'brief';
}

export type LegName = 'first packet' | 'answer' | 'next packet' | 'next answer';

export interface NamedLeg extends Leg {
  readonly name: LegName;
}

/**
 * `answered`: a later packet and its answer get through as well. `refused`: it gets there and nothing listens. `lost` and `rejected`: it
 * dies on the way, or the answer does. `unknown`: what decides is not known.
 */
export type PathVerdict = 'answered' | 'refused' | 'lost' | 'rejected' | 'unknown';

export interface PathWay {
  readonly verdict: PathVerdict;
  readonly legs: readonly NamedLeg[];
  /** What has to hold that it comes this way; empty for always. */
  readonly conditions: readonly string[];
  readonly probability: number | null;
  /** The first packet as the far end saw it; null where it never came. */
  readonly seen: (Pick<Packet, 'src' | 'dst' | 'sport' | 'dport'> & { readonly node: string }) | null;
  /** The leg and the node where it ends short; null for an answered one. */
  readonly died: { readonly leg: LegName; readonly node: string } | null;
}

export interface PathTrace {
  /** Of all ways; `unknown` where they disagree. */
  readonly verdict: PathVerdict;
  readonly ways: readonly PathWay[];
}

/** A question that cannot be asked of this network: a node or an address is not there. */
export class PathQuestionError extends Error {
  override readonly name = 'PathQuestionError';
}

/** Pure. Throws PathQuestionError. */
export function tracePath(question: PathQuestion): PathTrace {
  const { network, walk = 'full' } = question;
  const client = nodeNamed(network, question.from);
  if (client === undefined) throw unknownNode(network, question.from);
  const packet = firstPacket(question, client);
  const ways: PathWay[] = [];
  for (const first of walkLeg({ network, node: client, packet, connections: noConnections, walk })) {
    if (ways.length >= mostWays) break;
    ways.push(...answered(question, client, first));
  }
  const [one] = ways;
  if (one === undefined) throw new Error('a path always has a way');
  return { verdict: ways.every(({ verdict }) => verdict === one.verdict) ? one.verdict : 'unknown', ways };
}

const unknownNode = (network: PathNetwork, name: string): PathQuestionError =>
  new PathQuestionError(
    `there is no node ${name}; there are ${network.nodes.map((node) => node.name).join(', ') || 'none'}`,
  );

function firstPacket({ network, to, probe, family }: PathQuestion, client: PathNode): Packet {
  const { address, family: chosen } = destination(network, client, to, family);
  const common = { family: chosen, dst: address, ttl: 64 } as const;
  if (probe.protocol === 'icmp') {
    return { ...common, protocol: chosen === 'ipv4' ? 1 : 58, icmpType: chosen === 'ipv4' ? 8 : 128, icmpCode: 0 };
  }
  const { protocol, port, sourcePort = 40_000 } = probe;
  const ports = { ...common, sport: sourcePort, dport: port };
  return protocol === 'tcp' ? { ...ports, protocol: 6, flags: syn } : { ...ports, protocol: 17 };
}

const syn = 2;
const synAck = 18;
const rstAck = 20;
const ack = 16;

/** A node's address: one on a segment that both are on, else its first one that the client has a route to; its loopback for itself alone. */
function destination(network: PathNetwork, client: PathNode, to: string, family: Family | undefined) {
  const families: readonly Family[] = family === undefined ? ['ipv4', 'ipv6'] : [family];
  const server = nodeNamed(network, to);
  if (server === undefined) {
    for (const one of families) {
      const whole = one === 'ipv6' || to.split('.').length === 4;
      const address = whole ? canonicalAddress(to, one) : null;
      if (address !== null) return { address, family: one };
    }
    throw unknownNode(network, to);
  }
  for (const one of families) {
    const all = addressesOf(server, one);
    const ranks = { direct: [] as string[], routed: [] as string[], other: all };
    for (const address of all) {
      const route = routeOf(client.state, { family: one, dst: address, iif: 'lo', mark: 0 });
      if (route.kind === 'here' || (route.kind === 'out' && route.hops[0].via === null)) ranks.direct.push(address);
      else if (route.kind === 'out') ranks.routed.push(address);
    }
    const [address] = [...ranks.direct, ...ranks.routed, ...ranks.other];
    if (address !== undefined) return { address, family: one };
  }
  // Who has no network still reaches itself.
  if (server === client)
    return family === 'ipv6' ? { address: '::1', family } : { address: '127.0.0.1', family: 'ipv4' as const };
  throw new PathQuestionError(`${to} has no address to ask for`);
}

/** The first packet's way with all that follows it: the answer, a later packet and its answer. */
function answered(question: PathQuestion, client: PathNode, first: LegWay): PathWay[] {
  const begin: Walked = { ...first, legs: [{ name: 'first packet', ...first.leg }], seen: seenBy(first.leg.end) };
  const { end } = first.leg;
  if (end.kind !== 'delivered') return [finish(begin, end.kind)];
  const listens = isListening(question, end.node, end.packet);
  const tcp = question.probe.protocol === 'tcp';
  if (listens === false && !tcp) return [finish(begin, 'refused')];
  const flags = listens === false ? rstAck : synAck;
  return follow(question, begin, 'answer', end.node, replyTo(end.packet, flags)).flatMap((answer) => {
    const back = answer.leg.end;
    if (back.kind !== 'delivered') return [finish(answer, back.kind)];
    const stranger = strangeness(client, first, back);
    if (stranger !== null)
      return [finish(withEnd(answer, { kind: 'dropped', node: back.node, why: stranger }), 'lost')];
    if (listens === false) return [finish(answer, 'refused')];
    return later(question, client, answer, back.packet);
  });
}

/** Why an answer that was delivered is none for the socket that waits; null where it is. */
function strangeness(client: PathNode, first: LegWay, { node, packet }: Delivered): string | null {
  if (node !== client.name) return `It is delivered on ${node}, which asked for nothing.`;
  const [sent] = first.leg.hops;
  if (sent === undefined) return null;
  const asked: Packet = {
    ...sent.before,
    ...(sent.after.src === undefined || sent.before.src !== undefined ? {} : { src: sent.after.src }),
  };
  const fits =
    same(packet.src, asked.dst) &&
    same(packet.sport, asked.dport) &&
    same(packet.dst, asked.src) &&
    same(packet.dport, asked.sport);
  const end = (address: string | undefined, port: number | undefined) =>
    `${address ?? 'an unknown address'}${port === undefined ? '' : ` port ${port}`}`;
  return fits
    ? null
    : `${node} waits for an answer from ${end(asked.dst, asked.dport)}; this one comes from ${end(packet.src, packet.sport)} and belongs to nothing.`;
}

/** What is not known may be the same. */
const same = <Value>(a: Value | undefined, b: Value | undefined): boolean =>
  a === undefined || b === undefined || a === b;

type Delivered = Extract<LegEnd, { kind: 'delivered' }>;

/** The last leg ends otherwise. */
const withEnd = (way: Walked, end: LegEnd): Walked => ({
  ...way,
  legs: way.legs.map((leg, at) => (at === way.legs.length - 1 ? { ...leg, end } : leg)),
});

function later(question: PathQuestion, client: PathNode, way: Walked, answer: Packet): PathWay[] {
  return follow(question, way, 'next packet', client.name, replyTo(answer, ack)).flatMap((next) => {
    const { end } = next.leg;
    if (end.kind !== 'delivered') return [finish(next, end.kind)];
    return follow(question, next, 'next answer', end.node, replyTo(end.packet, ack)).map((last) =>
      finish(last, last.leg.end.kind),
    );
  });
}

/** A way with the legs that it has come so far. */
interface Walked extends LegWay {
  readonly legs: readonly NamedLeg[];
  readonly seen: PathWay['seen'];
}

function follow(
  { network, walk = 'full' }: PathQuestion,
  way: Walked,
  name: LegName,
  from: string,
  packet: Packet,
): Walked[] {
  const node = nodeNamed(network, from);
  if (node === undefined) return [];
  const connections: Connections = way.connections;
  return walkLeg({ network, node, packet, connections, walk }).map((next) => ({
    ...next,
    legs: [...way.legs, { name, ...next.leg }],
    seen: way.seen,
    conditions: [...way.conditions, ...next.conditions],
    probability: way.probability === null || next.probability === null ? null : way.probability * next.probability,
  }));
}

function finish(way: Walked, ending: LegEnd['kind'] | 'refused' | 'lost'): PathWay {
  const verdicts = { delivered: 'answered', dropped: 'lost', rejected: 'rejected', unknown: 'unknown' } as const;
  const verdict = ending === 'refused' || ending === 'lost' ? ending : verdicts[ending];
  const last = way.legs.at(-1);
  const { legs, conditions, probability, seen } = way;
  const died = verdict === 'answered' || last === undefined ? null : { leg: last.name, node: last.end.node };
  return { verdict, legs, conditions, probability, seen, died };
}

function seenBy(end: LegEnd): PathWay['seen'] {
  if (end.kind !== 'delivered') return null;
  const { src, dst, sport, dport } = end.packet;
  return {
    node: end.node,
    ...(src === undefined ? {} : { src }),
    ...(dst === undefined ? {} : { dst }),
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
  };
}

/** The packet that the far end sends back. */
function replyTo({ family, protocol, src, dst, sport, dport, icmpType }: Packet, flags: number): Packet {
  return {
    family,
    ttl: 64,
    ...(protocol === undefined ? {} : { protocol }),
    ...(dst === undefined ? {} : { src: dst }),
    ...(src === undefined ? {} : { dst: src }),
    ...(dport === undefined ? {} : { sport: dport }),
    ...(sport === undefined ? {} : { dport: sport }),
    ...(protocol === 6 ? { flags } : {}),
    ...(icmpType === undefined ? {} : { icmpType: echo[icmpType] ?? icmpType, icmpCode: 0 }),
  };
}

/** Echo request and reply, of ICMP and ICMPv6, each other's answers. */
const echo: Readonly<Record<number, number>> = { 8: 0, 0: 8, 128: 129, 129: 128 };

/** null: what listens there is not known. */
function isListening({ network, probe }: PathQuestion, name: string, { dst, dport }: Packet): boolean | null {
  const listeners = knownPart(nodeNamed(network, name)?.state ?? null, 'listeners');
  if (probe.protocol === 'icmp') return true;
  if (listeners === null || dst === undefined || dport === undefined) return null;
  // A socket of IPv6's any address takes IPv4 too (net.ipv6.bindv6only is 0 unless somebody set it).
  const any = dst.includes(':') ? ['::'] : ['0.0.0.0', '::', '*'];
  return listeners.some(
    (one) =>
      one.protocol === probe.protocol && one.port === dport && (any.includes(one.address) || one.address === dst),
  );
}
