import { randomUUID } from 'node:crypto';
import { HookpointError } from '../../contract/error.ts';
import type {
  CaptureCounts,
  CaptureEvent,
  CapturePlace,
  ConnectionChanges,
  TrafficPacket,
} from '../../contract/procedures/traffic.ts';
import type { Capture, CapturedPacket, CaptureCounts as Counts } from '../../observe/capture.ts';
import { translated } from '../../observe/connections.ts';
import { macNames, openSessionCapture, usualBytes, usualSnaplen } from '../../sessions/capture.ts';
import { watchSessionConnections } from '../../sessions/connections.ts';
import { findNode, findSession } from '../../sessions/session.ts';
import type { Host } from '../host.ts';
import { implementer } from './base.ts';

/** Lines a second in a window, after a burst: more than anybody reads. */
const linesPerSecond = 200;
/** A capture that somebody forgot ends by itself, in seconds. */
const longest = 3600;
/** Connections that a window shows. */
const mostConnections = 500;

/** The captures that windows of a host hold. */
const opened = new WeakMap<Host, Map<string, Capture>>();

function capturesOf(host: Host): Map<string, Capture> {
  const captures = opened.get(host) ?? new Map<string, Capture>();
  opened.set(host, captures);
  return captures;
}

function findCapture(host: Host, id: string): Capture {
  const capture = capturesOf(host).get(id);
  if (capture) return capture;
  throw new HookpointError('NOT_FOUND', 'This capture is over, and its packets with it.', {
    remedy: 'Begin a new one.',
  });
}

async function* capturing(
  host: Host,
  input: { readonly session: string; readonly place: CapturePlace; readonly filter: string },
  signal: AbortSignal | undefined,
): AsyncGenerator<CaptureEvent, void> {
  const session = findSession(host.store, input.session);
  const { place, filter } = input;
  if (place.kind === 'interface') findNode(session, place.node);
  const limits = { snaplen: usualSnaplen, count: null, seconds: longest, bytes: usualBytes };
  const options = { ...limits, filter: filter.trim(), lines: linesPerSecond, pcap: 'keep' } as const;
  const names = macNames(session);
  await using capture = await openSessionCapture(await host.workspace(), session, place, options, signal);
  // The events then end, and this with them.
  const leave = () => void capture[Symbol.asyncDispose]();
  signal?.addEventListener('abort', leave);
  if (signal?.aborted) leave();
  const id = randomUUID();
  capturesOf(host).set(id, capture);
  try {
    yield { kind: 'begun', capture: id };
    for await (const event of capture.events) {
      if (event.kind === 'packets') {
        yield { kind: 'packets', packets: event.packets.map((packet) => named(packet, names)) };
      } else if (event.kind === 'counts') yield { kind: 'counts', counts: countsOf(event.counts) };
      else if (event.kind === 'ended') {
        const { reason, message } = event.end;
        yield { kind: 'ended', counts: countsOf(event.end), reason, message };
      }
    }
  } finally {
    capturesOf(host).delete(id);
    signal?.removeEventListener('abort', leave);
  }
}

const named = ({ from, to, ...rest }: CapturedPacket, names: ReadonlyMap<string, string>): TrafficPacket => ({
  ...rest,
  from: from === null ? null : (names.get(from) ?? from),
  to: to === null ? null : (names.get(to) ?? to),
});

const countsOf = ({ captured, summarised, dropped, bytes }: Counts): CaptureCounts => ({
  captured,
  listed: summarised,
  dropped,
  bytes,
});

async function* connections(
  host: Host,
  input: { readonly session: string; readonly node: string; readonly filter: string },
  signal: AbortSignal | undefined,
): AsyncGenerator<ConnectionChanges, void> {
  const session = findSession(host.store, input.session);
  const request = { node: findNode(session, input.node), filter: input.filter, limit: mostConnections };
  for await (const changes of watchSessionConnections(await host.workspace(), session, request, signal)) {
    yield {
      ...changes,
      changed: changes.changed.map((connection) => {
        const { original, reply: _, ...rest } = connection;
        return { ...rest, before: original, after: translated(connection) };
      }),
    };
  }
}

export const traffic = {
  capture: implementer.traffic.capture.handler(({ context: { host }, input, signal }) =>
    capturing(host, input, signal),
  ),
  stop: implementer.traffic.stop.handler(({ context: { host }, input }) => findCapture(host, input.capture).stop()),
  detail: implementer.traffic.detail.handler(async ({ context: { host }, input }) => ({
    text: await findCapture(host, input.capture).detail(input.number),
  })),
  pcap: implementer.traffic.pcap.handler(async ({ context: { host }, input }) => ({
    base64: (await findCapture(host, input.capture).read(input.offset)).toString('base64'),
  })),
  connections: implementer.traffic.connections.handler(({ context: { host }, input, signal }) =>
    connections(host, input, signal),
  ),
};
