import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { nodeId, procedure, sessionId, unixTime } from './base.ts';

/** A link of the lab, or an interface of a node, one of the learner's own too. */
const placeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('link'), link: z.string().min(1).max(20) }),
  z.object({ kind: z.literal('interface'), node: nodeId, interface: z.string().min(1).max(15) }),
]);
export type CapturePlace = z.infer<typeof placeSchema>;

const packetSchema = z.object({
  /** From 1, in the order of the pcap. In a flood not every packet is listed. */
  number: z.number(),
  time: unixTime,
  /** The node that put it on the link, and the one that it is for; a MAC address that the lab gave to nobody; null where there is none. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  /** In bytes, also where less is kept. */
  length: z.number().nullable(),
  /** IPv4, IPv6, ARP, as tcpdump calls it. */
  protocol: z.string().nullable(),
  /** tcpdump's line. */
  summary: z.string(),
  /** It came while Hookpoint itself sent packets, for a check or a trace. */
  probe: z.boolean(),
});
export type TrafficPacket = z.infer<typeof packetSchema>;

const countsSchema = z.object({
  captured: z.number(),
  /** Of them, how many are listed. */
  listed: z.number(),
  /** By the kernel, because they came faster than they were taken. */
  dropped: z.number(),
  /** Of pcap. */
  bytes: z.number(),
});
export type CaptureCounts = z.infer<typeof countsSchema>;

const captureEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begun'), capture: z.string() }),
  z.object({ kind: z.literal('packets'), packets: z.array(packetSchema) }),
  z.object({ kind: z.literal('counts'), counts: countsSchema }),
  /** No more packets come; those that were captured stay until the stream is left. */
  z.object({
    kind: z.literal('ended'),
    counts: countsSchema,
    reason: z.enum(['stopped', 'count', 'seconds', 'bytes', 'disk', 'interface']),
    /** What tcpdump says, where there is more to say. */
    message: z.string(),
  }),
]);
export type CaptureEvent = z.infer<typeof captureEventSchema>;

const tupleSchema = z.object({
  source: z.string(),
  sourcePort: z.number().nullable(),
  destination: z.string(),
  destinationPort: z.number().nullable(),
});
export type ConnectionEnds = z.infer<typeof tupleSchema>;

const connectionSchema = z.object({
  key: z.string(),
  family: z.enum(['ipv4', 'ipv6']),
  protocol: z.string(),
  /** Of TCP. */
  state: z.string().nullable(),
  /** The first packet as it came. */
  before: tupleSchema,
  /** What NAT made of it; null where it made nothing of it. */
  after: tupleSchema.nullable(),
  /** An answer came. */
  replied: z.boolean(),
  assured: z.boolean(),
  mark: z.number(),
  /** When it is forgotten if nothing more comes. */
  expires: unixTime.nullable(),
  /** null: before anybody looked. */
  since: unixTime.nullable(),
});
export type TrafficConnection = z.infer<typeof connectionSchema>;

const connectionsSchema = z.object({
  time: unixTime,
  /** In the node's table. */
  total: z.number(),
  /** Of them, those that the words choose. */
  matching: z.number(),
  changed: z.array(connectionSchema),
  /** Keys of those that are no longer told of. */
  gone: z.array(z.string()),
});
export type ConnectionChanges = z.infer<typeof connectionsSchema>;

const captureId = z.string().max(64);
/** One line of what people type: what moves a cursor is none of it. */
const words = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'text without control characters');

/** What goes over links, and what nodes remember of it. Nothing of a capture is in a node. */
export const traffic = {
  /**
   * Captures from now on; the stream is the capture's life: whoever leaves it ends it, with what it kept. BAD_INPUT: the filter, in tcpdump's
   * words. NODE_FAILED: the interface is not there or down. SESSION_BUSY: too many captures are open.
   */
  capture: procedure
    .input(z.object({ session: sessionId, place: placeSchema, /** pcap-filter(7) */ filter: words(500) }))
    .output(eventIterator(captureEventSchema)),
  /** Ends the capturing; what was captured stays. NOT_FOUND. */
  stop: procedure.input(z.object({ capture: captureId })).output(z.void()),
  /** All that tcpdump says of a packet, with its bytes. NOT_FOUND. */
  detail: procedure
    .input(z.object({ capture: captureId, number: z.int().min(1) }))
    .output(z.object({ text: z.string() })),
  /** Some of the pcap from there on; empty behind its end. NOT_FOUND. */
  pcap: procedure
    .input(z.object({ capture: captureId, offset: z.int().min(0) }))
    .output(z.object({ base64: z.string() })),
  /** A node's connections: the first answer has all that are told of, later ones what is another since. */
  connections: procedure
    .input(
      z.object({
        session: sessionId,
        node: nodeId,
        /** All of them must be in a connection's text. */ filter: words(200),
      }),
    )
    .output(eventIterator(connectionsSchema)),
};
