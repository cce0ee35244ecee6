/** One packet from the node that sends it to where its way ends, over every node between. */

import type { Packet } from '../simulate/packet.ts';
import { simulate } from '../simulate/simulate.ts';
import type { Hook, Outcome, Simulation } from '../simulate/simulation.ts';
import { type Connections, lookUp, remember } from './connections.ts';
import { neighbours } from './neighbour.ts';
import { isDown, macOf, type PathNetwork, type PathNode, segmentOf } from './network.ts';

/** A packet through one node. */
export interface PathHop {
  readonly node: string;
  /** Where it entered the node: null, sent there. */
  readonly in: string | null;
  /** null: it did not leave. */
  readonly out: string | null;
  /** As it came, and as it left. */
  readonly before: Packet;
  readonly after: Packet;
  readonly outcome: Outcome;
  /** Why the outcome is not sure, where it is not. */
  readonly unknown: readonly string[];
}

export type LegEnd =
  | { readonly kind: 'delivered'; readonly node: string; readonly packet: Packet }
  /** `why` is a whole sentence where no rule decided. */
  | { readonly kind: 'dropped' | 'rejected' | 'unknown'; readonly node: string; readonly why: string | null };

export interface Leg {
  readonly hops: readonly PathHop[];
  readonly end: LegEnd;
}

/** One of the ways that a packet may take. */
export interface LegWay {
  readonly leg: Leg;
  readonly connections: Connections;
  readonly conditions: readonly string[];
  readonly probability: number | null;
}

/** More ways than this are not followed. */
export const mostWays = 32;
/** A packet that goes round in a circle ends when its time to live does. */
const mostHops = 64;

interface At {
  readonly node: PathNode;
  readonly hook: Hook;
  readonly packet: Packet;
  readonly hops: readonly PathHop[];
  readonly connections: Connections;
  readonly conditions: readonly string[];
  readonly probability: number | null;
}

export interface Start {
  readonly network: PathNetwork;
  readonly node: PathNode;
  readonly packet: Packet;
  readonly connections: Connections;
  /** Every rule on each walk, or only those that matched. */
  readonly walk: 'full' | 'brief';
}

/** Sends a packet from a node; conntrack of each node is asked and remembers it. */
export function walkLeg(start: Start): LegWay[] {
  const ways: LegWay[] = [];
  const { node, packet, connections } = start;
  const left: At[] = [{ node, hook: 'output', packet, hops: [], connections, conditions: [], probability: 1 }];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (ways.length + left.length >= mostWays) {
      ways.push(
        ended(at, at.hops, { kind: 'unknown', node: at.node.name, why: 'More ways are possible than are followed.' }),
      );
      continue;
    }
    const next = throughNode(start, at);
    ways.push(...next.ended);
    left.push(...next.on.reverse());
  }
  return ways;
}

const ended = (at: At, hops: readonly PathHop[], end: LegEnd): LegWay => ({
  leg: { hops, end },
  connections: at.connections,
  conditions: at.conditions,
  probability: at.probability,
});

function throughNode({ network, walk }: Start, at: At): { on: At[]; ended: LegWay[] } {
  const { node, hook } = at;
  const fromLo = at.packet.in === 'lo';
  const before: Packet = fromLo ? at.packet : { ...at.packet, ...lookUp(at.connections, node.name, at.packet) };
  const simulation = simulate({ rulesets: node.rulesets, packet: before, hook, state: node.state, walk });
  const on: At[] = [];
  const done: LegWay[] = [];
  const outcomes = distinct(simulation);
  for (const outcome of outcomes) {
    const { packet } = outcome;
    const hop: PathHop = {
      node: node.name,
      in: hook === 'output' ? null : (before.in ?? null),
      out: outcome.verdict === 'accept' && !outcome.delivered ? (packet.out ?? null) : null,
      before,
      after: packet,
      outcome,
      unknown: simulation.unknown,
    };
    const here: At = {
      ...at,
      hops: [...at.hops, hop],
      connections:
        outcome.verdict === 'accept' && !fromLo
          ? remember(at.connections, node.name, sentAs(before, packet), packet)
          : at.connections,
      conditions: outcomes.length === 1 ? at.conditions : [...at.conditions, `on ${node.name} ${outcome.condition}`],
      probability: times(at.probability, outcomes.length === 1 ? 1 : outcome.probability),
    };
    const next = after(network, here, outcome);
    if ('kind' in next) done.push(ended(here, here.hops, next));
    else on.push(next);
  }
  return { on, ended: done };
}

/** A packet that got its source address from the node's routes began with it. */
const sentAs = (before: Packet, after: Packet): Packet =>
  before.src === undefined && after.src !== undefined ? { ...before, src: after.src } : before;

const times = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a * b);

/** Outcomes that another node could tell apart. */
function distinct({ outcomes }: Simulation): readonly Outcome[] {
  if (outcomes.length < 2) return outcomes;
  const seen = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const { src, dst, sport, dport, out, ttl, dscp, mark, state } = outcome.packet;
    const key = JSON.stringify([
      outcome.verdict,
      outcome.delivered,
      outcome.nextHop,
      ...[src, dst, sport, dport, out, ttl, dscp, state],
      out === 'lo' ? mark : 0,
    ]);
    const known = seen.get(key);
    const sum = known === undefined ? outcome.probability : plus(known.probability, outcome.probability);
    seen.set(key, known === undefined ? outcome : { ...known, probability: sum });
  }
  return [...seen.values()];
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

/** Where an outcome leads: to an end, or into the next node. */
function after(network: PathNetwork, at: At, outcome: Outcome): LegEnd | At {
  const { node } = at;
  const { packet, verdict } = outcome;
  const stop = (why: string): LegEnd => ({ kind: 'dropped', node: node.name, why });
  if (verdict === 'drop') return { kind: 'dropped', node: node.name, why: null };
  if (verdict === 'reject') return { kind: 'rejected', node: node.name, why: null };
  if (verdict !== 'accept') return { kind: 'unknown', node: node.name, why: null };
  if (outcome.delivered) return { kind: 'delivered', node: node.name, packet };
  if (at.hops.length >= mostHops) return stop('It goes round in a circle.');
  const { out, dst, family } = packet;
  if (out === undefined || dst === undefined) {
    return { kind: 'unknown', node: node.name, why: `Where ${node.name} sends it is not known.` };
  }
  if (out === 'lo') {
    const came = at.hops.at(-1)?.before;
    const connection = came === undefined ? {} : overLoopback(at, came);
    return {
      ...at,
      hook: 'prerouting',
      packet: { ...arriving(packet, 'lo', undefined), mark: packet.mark ?? 0, ...connection },
    };
  }
  if (isDown(node, out)) return stop(`${out} of ${node.name} is down.`);
  const segment = segmentOf(network, node.name, out);
  if (segment === undefined) return stop(`${out} of ${node.name} is joined to nothing.`);
  const target = outcome.nextHop ?? dst;
  const found = neighbours(network, segment, { node: node.name, interface: out }, target, family);
  const [first, second] = found;
  if (first === undefined) {
    const who = target === dst ? target : `${target}, the router on the way to ${dst}`;
    return stop(`Nobody on ${segment.name} answers for ${who}: ${node.name} cannot send it.`);
  }
  if (second !== undefined) {
    const names = found.map((one) => one.node.name).join(' and ');
    return { kind: 'unknown', node: node.name, why: `${names} both answer for ${target} on ${segment.name}.` };
  }
  const mac = macOf(node, out);
  return { ...at, node: first.node, hook: 'prerouting', packet: arriving(packet, first.interface, mac) };
}

/** What is of the node that it left stays there: marks, states, ids, the connection. */
function arriving(packet: Packet, name: string, mac: string | undefined): Packet {
  const { out, mark, state, dir, connection, connmark, uid, gid, mac: _mac, ...rest } = packet;
  return { ...rest, in: name, ...(mac === undefined ? {} : { mac }) };
}

/** Over lo a packet keeps its connection, which is not confirmed anew: nat is done already. */
function overLoopback(at: At, came: Packet): Partial<Packet> {
  const { state, dir } = came;
  const last = at.hops.at(-1)?.after;
  const tracked = at.connections.get(at.node.name)?.at(-1)?.connection;
  const connection = came.connection ?? (state === 'NEW' ? tracked : undefined);
  return {
    ...(state === undefined ? {} : { state: last?.state === 'UNTRACKED' ? 'UNTRACKED' : state }),
    ...(dir === undefined ? {} : { dir }),
    ...(connection === undefined || last?.state === 'UNTRACKED' ? {} : { connection }),
    ...(last?.connmark === undefined ? {} : { connmark: last.connmark }),
  };
}
