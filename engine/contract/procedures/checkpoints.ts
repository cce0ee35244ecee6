import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { nodeId, procedure, sessionId, unixTime } from './base.ts';

export const checkpointSchema = z.object({
  name: z.string(),
  time: unixTime,
  bytes: z.number(),
  /** Why it was made where nobody asked for it: the session was stopped, some minutes had passed, or something else was brought back. */
  reason: z.enum(['stop', 'time', 'restore']).nullable(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

const listSchema = z.object({
  /** Newest first. */
  checkpoints: z.array(checkpointSchema),
  /** What is being brought back at this moment, or was and was cut short. */
  restoring: z.string().nullable(),
});
export type CheckpointList = z.infer<typeof listSchema>;

/** By node: what could not be kept, or not be put back. */
const leftSchema = z.record(z.string(), z.array(z.string()));

const restoredSchema = z.object({
  /** Where what stood before is kept. */
  before: z.string().nullable(),
  left: leftSchema,
});
export type Restored = z.infer<typeof restoredSchema>;

const checkpointName = z.string().min(1).max(100);
const ofSession = z.object({ session: sessionId });

export const checkpoints = {
  list: procedure.input(ofSession).output(listSchema),
  watch: procedure.input(ofSession).output(eventIterator(listSchema)),
  /** Saves every node under a name, or the next free one. */
  save: procedure
    .input(ofSession.extend({ name: checkpointName.optional() }))
    .output(z.object({ checkpoint: checkpointSchema, left: leftSchema })),
  /** Brings one back; what stands is saved first. */
  restore: procedure.input(ofSession.extend({ name: checkpointName })).output(restoredSchema),
  /** Puts a node, or all, back to the lab's start; what stands is saved first. */
  reset: procedure.input(ofSession.extend({ node: nodeId.optional() })).output(restoredSchema),
  remove: procedure.input(ofSession.extend({ name: checkpointName })).output(z.void()),
};
