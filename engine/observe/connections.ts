import { z } from 'zod';
import { HookpointError } from '../contract/error.ts';
import type { Container } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { startFramedProgram } from './framed-program.ts';

const tupleSchema = z.object({
  source: z.string(),
  destination: z.string(),
  sourcePort: z.number().nullable(),
  destinationPort: z.number().nullable(),
});
export type ConnectionTuple = z.infer<typeof tupleSchema>;

const connectionSchema = z.object({
  /** Of this connection for as long as it is there. */
  key: z.string(),
  family: z.enum(['ipv4', 'ipv6']),
  protocol: z.string(),
  /** Of TCP. */
  state: z.string().nullable(),
  /** The first packet, as it came. */
  original: tupleSchema,
  /** What an answer looks like when it comes. */
  reply: tupleSchema,
  replied: z.boolean(),
  assured: z.boolean(),
  mark: z.number(),
  /** Unix time in seconds: when it is gone if nothing more comes; null where the kernel has not said it. */
  expires: z.number().nullable(),
  /** Unix time in seconds; null where it was there before anybody looked. */
  since: z.number().nullable(),
});
export type Connection = z.infer<typeof connectionSchema>;

const changesSchema = z.object({
  /** Unix time in seconds, of the node. */
  time: z.number(),
  /** In the table, as the kernel counts. */
  total: z.number(),
  /** Of them, those that were looked for. */
  matching: z.number(),
  changed: z.array(connectionSchema),
  /** Keys of those that ended, or that newer ones took the place of. */
  gone: z.array(z.string()),
});
/** The first has all that is told; later ones what is another since. */
export type ConnectionChanges = z.infer<typeof changesSchema>;

export interface ConnectionsRequest {
  readonly node: string;
  /** Words that a connection's text must have: protocol, state, ADDRESS, ADDRESS:PORT, mark=N, unreplied. */
  readonly filter: string;
  /** The newest so many are told. */
  readonly limit: number;
}

/**
 * A node's connections, until the signal: at once, and whenever they change. NODE_FAILED; what `explain` makes of
 * other ends.
 */
export async function* watchConnections(
  container: Container,
  { node, filter, limit }: ConnectionsRequest,
  options: { readonly signal?: AbortSignal | undefined; readonly explain?: (error: unknown) => Promise<unknown> } = {},
): AsyncGenerator<ConnectionChanges, void> {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const request = { namespace: layout.netns(node), words, limit };
  await using program = await startFramedProgram(container, 'connections', request, options.signal);
  try {
    for await (const { letter, body } of program.frames) {
      if (letter === 't') yield changesSchema.parse(JSON.parse(String(body)));
      else throw cannotBeRead(node, failureSchema.parse(JSON.parse(String(body))).message);
    }
  } catch (error) {
    throw options.explain ? await options.explain(error) : error;
  }
}

const failureSchema = z.object({ message: z.string() });

function cannotBeRead(node: string, message: string): HookpointError {
  return new HookpointError('NODE_FAILED', `The connections of ${node} cannot be read: ${message}.`, {
    remedy: 'Try again; close what else shows connections of this session.',
  });
}

/**
 * A packet of the connection after NAT: where the answer comes from is where it went, and where the answer goes to is where it seemed to come from.
 * null where nothing was rewritten.
 */
export function translated({ original, reply }: Pick<Connection, 'original' | 'reply'>): ConnectionTuple | null {
  const after: ConnectionTuple = {
    source: reply.destination,
    destination: reply.source,
    sourcePort: reply.destinationPort,
    destinationPort: reply.sourcePort,
  };
  const same =
    after.source === original.source &&
    after.destination === original.destination &&
    after.sourcePort === original.sourcePort &&
    after.destinationPort === original.destinationPort;
  return same ? null : after;
}
