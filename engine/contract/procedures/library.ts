import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { failureSchema } from '../failures.ts';
import { procedure } from './base.ts';

const labCardSchema = z.object({
  pack: z.string(),
  id: z.string(),
  title: z.string(),
  summary: z.string(),
  level: z.enum(['beginner', 'intermediate', 'advanced']),
  minutes: z.number(),
  points: z.number(),
  nodes: z.array(z.string()),
  /** Of the machine: `log`, `tun`, `kube`. */
  needs: z.array(z.string()),
  /** Labs of the same pack that come first. */
  after: z.array(z.string()),
  progress: z.object({
    state: z.enum(['new', 'started', 'passed']),
    /** The best score of all checks; null where none was made. */
    best: z.number().nullable(),
    /** The session that runs, the newest where several do. */
    session: z.string().nullable(),
  }),
});
export type LabCard = z.infer<typeof labCardSchema>;

const librarySchema = z.object({
  packs: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      summary: z.string().nullable(),
      version: z.string(),
      labs: z.array(labCardSchema),
    }),
  ),
  /** Packs that cannot be read. */
  broken: z.array(failureSchema),
});
export type Library = z.infer<typeof librarySchema>;

export const library = {
  list: procedure.output(librarySchema),
  watch: procedure.output(eventIterator(librarySchema)),
};
