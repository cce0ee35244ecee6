import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { failureSchema } from '../failures.ts';
import { nodeId, procedure, progressSchema, sessionId, unixTime } from './base.ts';

export const sessionSummarySchema = z.object({
  id: z.string(),
  pack: z.string(),
  lab: z.string(),
  title: z.string(),
  seed: z.number(),
  /** unknown: Docker could not be asked. lost: its container is gone. */
  status: z.enum(['running', 'paused', 'lost', 'stopped', 'unknown']),
  created: unixTime,
  ended: unixTime.nullable(),
  nodes: z.array(z.string()),
  /** Of the latest check. */
  result: z.object({ score: z.number(), possible: z.number(), passed: z.boolean() }).nullable(),
});
export type SessionSummary = z.infer<typeof sessionSummarySchema>;

const sessionListSchema = z.object({
  sessions: z.array(sessionSummarySchema),
  /** Why Docker could not be asked. */
  failure: failureSchema.nullable(),
});
export type SessionList = z.infer<typeof sessionListSchema>;

const startedSchema = z.object({
  kind: z.literal('started'),
  session: z.string(),
  elapsedMs: z.number(),
  /** Why LOG lines cannot be graded, where the lab needs them and they were allowed. */
  hostLogFailure: failureSchema.nullable(),
});

/** Progress, and `started` as the last one. Ending the stream before that cancels the start and leaves nothing behind. */
const startEventSchema = z.discriminatedUnion('kind', [progressSchema, startedSchema]);
export type StartEvent = z.infer<typeof startEventSchema>;

const all = z.object({ all: z.boolean().default(false) }).default({ all: false });

export const sessions = {
  /** Those that run and those that were lost; with `all` those that were stopped too. Newest first. */
  list: procedure.input(all).output(sessionListSchema),
  watch: procedure.input(all).output(eventIterator(sessionListSchema)),
  start: procedure
    .input(
      z.object({
        /** PACK/LAB. */
        lab: z.string().min(1).max(100),
        seed: z.int().min(0).max(999_999_999).optional(),
        /** Log lines of containers may reach the host's kernel log, where the lab needs that. */
        hostLog: z.boolean(),
      }),
    )
    .output(eventIterator(startEventSchema)),
  /** Starts a lost or stopped session afresh with the values that it had. */
  resume: procedure
    .input(z.object({ session: sessionId, hostLog: z.boolean() }))
    .output(eventIterator(startEventSchema)),
  stop: procedure.input(z.object({ session: sessionId })).output(z.void()),
  /** Turns a node off and on: rules, addresses and processes gone, files kept. */
  restartNode: procedure.input(z.object({ session: sessionId, node: nodeId })).output(z.void()),
};
