import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { failureSchema } from '../failures.ts';
import { procedure } from './base.ts';

const engineStatusSchema = z.object({
  version: z.string(),
  /** What runs containers: "Docker 28.1.1 at unix:///var/run/docker.sock"; null while it cannot be reached. */
  runtime: z.string().nullable(),
  /** Why it cannot be reached. */
  failure: failureSchema.nullable(),
  /** Whether the lab nodes' image is there, or the first start will build it; null where nobody can say. */
  imageBuilt: z.boolean().nullable(),
});
export type EngineStatus = z.infer<typeof engineStatusSchema>;

/** The engine itself: what it is, and whether it reaches Docker. */
export const engine = {
  status: procedure.output(engineStatusSchema),
  watch: procedure.output(eventIterator(engineStatusSchema)),
};
