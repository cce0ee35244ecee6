import { z } from 'zod';
import type { ConntrackEntry } from '../../observe/snapshot.ts';
import type { FlowEvent } from '../../observe/timeline.ts';
import { defineCheck, type Moment, met, nodeAt, unknown, unmet } from '../check.ts';
import { isWithin } from '../networks.ts';
import * as part from '../schema-parts.ts';

const schema = z.strictObject({
  node: part.node,
  proto: z.string().optional(),
  src: part.network.optional(),
  dst: part.network.optional(),
  sport: part.port.optional(),
  dport: part.port.optional(),
  'reply-src': part.network.optional(),
  'reply-dst': part.network.optional(),
  'reply-sport': part.port.optional(),
  'reply-dport': part.port.optional(),
  /** A packet came back. */
  replied: z.boolean().optional(),
  assured: z.boolean().optional(),
  /** TCP's state is one of these. */
  state: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
});
type Spec = z.output<typeof schema>;

/** The recorder hears of flows and of rulesets on two sockets: their times may be this far out of order. */
const slackSeconds = 0.02;

export default defineCheck({
  type: 'conntrack',
  schema,
  describe(spec) {
    const words = Object.entries(spec).filter(([key, value]) => key !== 'node' && value !== undefined);
    return `${spec.node} tracked a connection with ${words.map(([key, value]) => `${key} ${String(value)}`).join(', ') || 'any addresses'}`;
  },
  needs: (spec) => ({ nodes: [spec.node], timeline: true }),
  judge(spec, moment) {
    const flows = flowsAt(moment, spec.node);
    const found = flows.seen.find((flow) => fits(spec, flow));
    if (found !== undefined) return met(flowText(found), found);
    if (flows.cause !== null) return unknown(flows.cause);
    const like = flows.seen.filter((flow) => spec.dport === undefined || flow.original.destinationPort === spec.dport);
    const listed = like.slice(0, 5).map(flowText).join('; ');
    return unmet(
      listed === '' ? 'no such connection' : listed,
      listed === ''
        ? `No connection like that was tracked on ${spec.node} in this state.`
        : `The connections that came near, on ${spec.node}: ${listed}.`,
      like.slice(0, 5),
    );
  },
});

/** Flows of a node that lived in the state's time, without those of probes; each with all that was ever learnt of it. */
function flowsAt(moment: Moment, node: string): { seen: ConntrackEntry[]; cause: string | null } {
  const entries: ConntrackEntry[] = [];
  let cause: string | null = null;
  const timeline = moment.evidence.timeline;
  const events = 'failure' in timeline ? [] : timeline.value.flows.filter((event) => event.node === node);
  const probes = new Set(events.filter((event) => event.probing).map((event) => flowKey(event.flow)));
  if ('failure' in timeline) cause = timeline.failure;
  else entries.push(...flowsBetween(events, moment.from - slackSeconds, moment.to + slackSeconds));
  if (moment.state === null) {
    const at = nodeAt(moment.nodes, node, 'conntrack');
    if ('unknown' in at) cause ??= at.unknown.message;
    else entries.push(...at.snapshot.conntrack);
  }
  return { seen: entries.filter((flow) => !probes.has(flowKey(flow))), cause };
}

function flowsBetween(events: readonly FlowEvent[], from: number, to: number): ConntrackEntry[] {
  const latest = new Map<string, ConntrackEntry>();
  const begun = new Set<string>();
  for (const event of events) {
    const key = flowKey(event.flow);
    if (event.event === 'new' && event.time >= from && event.time <= to) {
      begun.add(key);
      latest.delete(key);
    }
    if (event.event === 'update' && event.time >= from && event.time <= to) begun.add(key);
    const before = latest.get(key);
    latest.set(key, {
      ...event.flow,
      state: event.event === 'destroy' ? (before?.state ?? event.flow.state) : event.flow.state,
      replied: event.flow.replied || (before?.replied ?? false),
      assured: event.flow.assured || (before?.assured ?? false),
    });
  }
  return [...begun].flatMap((key) => latest.get(key) ?? []);
}

function flowKey(flow: ConntrackEntry): string {
  const { original, reply } = flow;
  return [
    flow.protocol,
    original.source,
    original.sourcePort,
    original.destination,
    original.destinationPort,
    reply.source,
    reply.sourcePort,
    reply.destination,
    reply.destinationPort,
  ].join(' ');
}

function fits(spec: Spec, flow: ConntrackEntry): boolean {
  const { original, reply } = flow;
  const within = (network: string | undefined, address: string) => network === undefined || isWithin(address, network);
  const same = (port: number | undefined, found: number | null) => port === undefined || port === found;
  const states = spec.state === undefined ? null : [spec.state].flat().map((one) => one.toUpperCase());
  return (
    (spec.proto === undefined || spec.proto.toLowerCase() === flow.protocol.toLowerCase()) &&
    within(spec.src, original.source) &&
    within(spec.dst, original.destination) &&
    same(spec.sport, original.sourcePort) &&
    same(spec.dport, original.destinationPort) &&
    within(spec['reply-src'], reply.source) &&
    within(spec['reply-dst'], reply.destination) &&
    same(spec['reply-sport'], reply.sourcePort) &&
    same(spec['reply-dport'], reply.destinationPort) &&
    (spec.replied === undefined || spec.replied === flow.replied) &&
    (spec.assured === undefined || spec.assured === flow.assured) &&
    (states === null || (flow.state !== null && states.includes(flow.state.toUpperCase())))
  );
}

function flowText(flow: ConntrackEntry): string {
  const end = (address: string, port: number | null) => (port === null ? address : `${address}:${port}`);
  const { original, reply } = flow;
  const there = `${end(original.source, original.sourcePort)} to ${end(original.destination, original.destinationPort)}`;
  const back = flow.replied ? `answered from ${end(reply.source, reply.sourcePort)}` : 'no packet came back';
  return `${flow.protocol} ${there}, replies expected from ${end(reply.source, reply.sourcePort)} to ${end(reply.destination, reply.destinationPort)}, ${back}`;
}
