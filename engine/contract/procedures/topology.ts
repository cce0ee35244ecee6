import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { procedure, sessionId } from './base.ts';

export const topologyViewSchema = z.object({
  nodes: z.array(
    z.object({
      name: z.string(),
      /** What runs in it for the lab, in words: "http on port 80". */
      services: z.array(z.string()),
      interfaces: z.array(
        z.object({
          name: z.string(),
          /** The link that it is plugged into; null for one that the learner made. */
          link: z.string().nullable(),
          mac: z.string().nullable(),
          /** null while it is not known. */
          up: z.boolean().nullable(),
          /** CIDR, as they are now. */
          addresses: z.array(z.string()),
        }),
      ),
    }),
  ),
  links: z.array(
    z.object({
      name: z.string(),
      /** A wire has two ends; a segment is a switch with any number. */
      kind: z.enum(['wire', 'segment']),
      ends: z.array(z.object({ node: z.string(), interface: z.string() })),
    }),
  ),
});
export type TopologyView = z.infer<typeof topologyViewSchema>;

export const topology = {
  get: procedure.input(z.object({ session: sessionId })).output(topologyViewSchema),
  watch: procedure.input(z.object({ session: sessionId })).output(eventIterator(topologyViewSchema)),
};
