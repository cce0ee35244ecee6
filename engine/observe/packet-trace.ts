import { z } from 'zod';
import type { RunScript } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { shellQuote } from '../runtime/shell-quote.ts';

const headerSchema = z.object({
  /** How many steps came before it. */
  step: z.number(),
  protocol: z.number(),
  source: z.string(),
  destination: z.string(),
  sourcePort: z.number().nullable(),
  destinationPort: z.number().nullable(),
  ttl: z.number(),
  icmpType: z.number().nullable(),
  /** TCP's flags as its header has them. */
  flags: z.number().nullable(),
  sequence: z.number().nullable(),
  mark: z.number(),
  in: z.string().nullable(),
  out: z.string().nullable(),
});
/** A packet's headers as one chain met them. */
export type TracedHeader = z.infer<typeof headerSchema>;

const stepSchema = z.object({
  type: z.enum(['rule', 'policy', 'return']),
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.number().nullable(),
  /** accept, drop, continue, jump, goto, return, queue; null where the kernel said none. */
  verdict: z.string().nullable(),
  /** The chain that a jump or goto leads to. */
  to: z.string().nullable(),
});
/** A rule that matched, a chain that came to its end, or a policy: what the kernel tells of a packet's way. */
export type TracedStep = z.infer<typeof stepSchema>;

const packetSchema = z.object({
  node: z.string(),
  /** null: it got neither to a program here nor out again. */
  end: z.enum(['delivered', 'left']).nullable(),
  headers: z.array(headerSchema),
  steps: z.array(stepSchema),
});
/** One packet's way through one node. */
export type TracedPacket = z.infer<typeof packetSchema>;

const answerSchema = z.union([
  z.object({ failure: z.string() }),
  z.object({
    probe: z.object({ outcome: z.enum(['answered', 'refused', 'unreachable', 'timeout']), reply: z.string() }),
    packets: z.array(packetSchema),
  }),
]);

export interface TraceRequest {
  readonly nodes: readonly string[];
  /** The name of our nf_tables table in each node, which nobody else may have. */
  readonly table: string;
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly port: number | null;
  /** What the packets are known by: the sender's port, or ICMP's identifier. No other traffic may have it. */
  readonly mark: number;
  /** How long one waits for an answer, in seconds. */
  readonly seconds: number;
}

export type TraceAnswer = z.infer<typeof answerSchema>;

/** Seconds beside waiting for the answer. */
const grace = 5;

/** For how many seconds at most such a trace is under way. */
export const longestTrace = ({ seconds }: TraceRequest): number => seconds + grace;

/** Sends one probe and reads what the kernel tells of its packets in every node. `failure` where it could not be tried; throws what `run` throws. */
export async function tracePacket(
  run: RunScript,
  request: TraceRequest,
  options: { readonly signal?: AbortSignal } = {},
): Promise<TraceAnswer> {
  const { nodes, table, from, to, protocol, port, mark, seconds } = request;
  const knownBy = protocol === 'icmp' ? { identifier: mark } : { sourcePort: mark };
  const probe = { from: { node: from }, to, protocol, port, ...knownBy, timeout: seconds, watch: [], untilSeen: false };
  const result = await run(
    `exec python3 -I -S -B ${layout.programs}/packet_trace.py ${shellQuote(JSON.stringify({ nodes, table, probe }))}`,
    { ...options, timeout: longestTrace(request) * 1000 },
  );
  if (result.exitCode !== 0) {
    return { failure: result.stderr.trim().split('\n').at(-1) || `status ${result.exitCode}` };
  }
  return answerSchema.parse(JSON.parse(result.stdout));
}
