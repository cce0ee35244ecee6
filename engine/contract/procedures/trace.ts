import { z } from 'zod';
import { nodeId, procedure, sessionId } from './base.ts';

/** A packet's ends as one place met it. */
const endsSchema = z.object({
  source: z.string(),
  sourcePort: z.number().nullable(),
  destination: z.string(),
  destinationPort: z.number().nullable(),
  ttl: z.number(),
  mark: z.number(),
});
export type PacketEnds = z.infer<typeof endsSchema>;

const stepSchema = z.object({
  /** `filter`, and `inet mine` for a table of nft's own. */
  table: z.string(),
  chain: z.string(),
  /** 1-based; 0 is the chain's policy, null a rule that has gone since. */
  rule: z.number().nullable(),
  /** As iptables writes it; for a policy the policy. */
  text: z.string(),
  verdict: z.string().nullable(),
  /** The chain that it jumped or went to. */
  to: z.string().nullable(),
});

const tracedHopSchema = z.object({
  node: z.string(),
  /** null: sent there. */
  in: z.string().nullable(),
  out: z.string().nullable(),
  before: endsSchema,
  after: endsSchema,
  /** Rules that matched, and policies that decided, in the kernel's order. */
  steps: z.array(stepSchema),
  /** `vanished`: no rule says why; the routing, or a rule of iptables-legacy. */
  end: z.enum(['delivered', 'left', 'dropped', 'vanished']),
});
export type TracedHop = z.infer<typeof tracedHopSchema>;

const tracedSchema = z.object({
  outcome: z.enum(['answered', 'refused', 'unreachable', 'timeout']),
  /** What came back, in words. */
  reply: z.string(),
  legs: z.array(z.object({ name: z.enum(['first packet', 'answer']), hops: z.array(tracedHopSchema) })),
  /** What the rules should do with it, in a sentence or two. */
  predicted: z.string(),
  /** Where the kernel did otherwise; empty where it did as predicted. */
  partings: z.array(z.object({ leg: z.string(), node: z.string(), message: z.string() })),
  /** Nodes with rules of iptables-legacy, of which the kernel does not tell. */
  untold: z.array(z.string()),
});
export type PacketTrace = z.infer<typeof tracedSchema>;

/** Real packets, followed over every node. */
export const trace = {
  send: procedure
    .input(
      z.object({
        session: sessionId,
        from: nodeId,
        /** A node, or an address. */
        to: z.string().min(1).max(64),
        protocol: z.enum(['tcp', 'udp', 'icmp']),
        /** Of tcp and udp. */
        port: z.int().min(1).max(65_535).nullable(),
        family: z.enum(['ipv4', 'ipv6']).nullable(),
      }),
    )
    .output(tracedSchema),
};
