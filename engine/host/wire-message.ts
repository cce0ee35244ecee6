import { z } from 'zod';

/**
 * What a client's side of oRPC may say, as JSON text: a call (`p.u` is the procedure's path, `p.b` its input), or that a call is given up
 * (`t` 4). It could also send the events of a stream (`t` 3): no procedure takes one, and nobody would read them.
 *
 * Source: @orpc/standard-server-peer, serializeRequestMessage.
 */
const wireMessageSchema = z.union([
  z.object({ i: z.string().max(40), t: z.literal(4) }),
  z.object({
    i: z.string().max(40),
    t: z.undefined().optional(),
    p: z.object({
      u: z.string().startsWith('/').max(1000),
      m: z.string().max(10).optional(),
      h: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
    }),
  }),
]);

/** Whether this is a message that the protocol has. What it asks for is the procedure's to judge. */
export function isWireMessage(data: unknown): data is string {
  if (typeof data !== 'string') return false;
  try {
    return wireMessageSchema.safeParse(JSON.parse(data)).success;
  } catch {
    return false; // not JSON
  }
}
