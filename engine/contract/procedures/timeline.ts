import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { nodeId, procedure, sessionId, unixTime } from './base.ts';
import { netfilterViewSchema } from './netfilter.ts';

/** One thing that became otherwise, in words. */
const changeSchema = z.object({
  effect: z.enum(['added', 'removed', 'changed']),
  /** A sentence without its stop: "added rule 2 to filter FORWARD". */
  what: z.string(),
  /** Of a rule: what iptables-save prints after `-A CHAIN`. */
  rule: z.string().nullable(),
  /** What that rule does, in plain words. */
  meaning: z.string().nullable(),
  /** Of a changed rule: what stood there before. */
  before: z.string().nullable(),
});
export type ChangeWords = z.infer<typeof changeSchema>;

/** A command that somebody typed, as the shell said: the learner's word, no evidence. */
const typedSchema = z.object({
  number: z.number(),
  node: z.string(),
  terminal: z.string(),
  /** null where the shell did not tell. */
  text: z.string().nullable(),
  begun: unixTime,
  ended: unixTime.nullable(),
  exitCode: z.number().nullable(),
});
export type TypedCommand = z.infer<typeof typedSchema>;

const common = { /** The same as long as the session lives. */ id: z.string(), time: unixTime };

const entrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('change'),
    ...common,
    /** When its last state began. */
    until: unixTime,
    node: z.string(),
    /** The process that made it, as the kernel names it (15 characters). */
    process: z.string().nullable(),
    /** The command that made it, and whether its own process did, or another that may have come from it. */
    by: z.object({ command: typedSchema, certain: z.boolean() }).nullable(),
    /** The first and the last state of it: `state --at` takes these numbers. */
    first: z.number(),
    last: z.number(),
    /** How often the node changed in it. Above what is listed singly `changes` is what is left of all. */
    steps: z.number(),
    listedSingly: z.boolean(),
    /** One sentence for all of it. */
    summary: z.string(),
    /** The first of them. */
    changes: z.array(changeSchema),
    /** How many there are. */
    total: z.number(),
    /** The lab's own preparation, or a node's restart: nobody's doing. */
    provisioning: z.boolean(),
  }),
  /** One that changed nothing. */
  z.object({ kind: z.literal('command'), ...common, command: typedSchema }),
  z.object({
    kind: z.literal('turn'),
    ...common,
    criterion: z.string(),
    title: z.string(),
    /** `unknown`: it cannot be said any more. */
    to: z.enum(['met', 'unmet', 'unknown']),
    /** A criterion of states turns by itself, others at a check. */
    at: z.enum(['state', 'check']),
    /** The state it turned at; false in `exact` where states before it were not judged. */
    state: z.number().nullable(),
    exact: z.boolean(),
  }),
  z.object({ kind: z.literal('answer'), ...common, question: z.string(), value: z.string() }),
  z.object({ kind: z.literal('hint'), ...common, number: z.number(), cost: z.number() }),
  z.object({ kind: z.literal('check'), ...common, score: z.number(), possible: z.number(), passed: z.boolean() }),
  z.object({ kind: z.literal('restart'), ...common, node: z.string() }),
  z.object({
    kind: z.literal('gap'),
    ...common,
    until: unixTime,
    node: z.string().nullable(),
    lost: z.enum(['states', 'flows', 'log']),
    reason: z.string(),
  }),
]);
export type TimelineEntry = z.infer<typeof entrySchema>;
export type ChangeEntry = Extract<TimelineEntry, { kind: 'change' }>;

const historySchema = z.object({
  /** The newest of them, oldest first. */
  entries: z.array(entrySchema),
  /** How many there are in all. */
  total: z.number(),
  /** Where everything is told of: false for a session whose container is gone, of which what was typed, answered and checked is left. */
  states: z.number().nullable(),
  /** What was merged, dropped or not judged, in sentences. */
  remarks: z.array(z.string()),
});
export type TimelineHistory = z.infer<typeof historySchema>;

const ofSession = z.object({ session: sessionId });
const page = z.object({ ...ofSession.shape, /** At most so many, the newest. */ most: z.int().min(1).max(2000) });

const netChangesSchema = z.object({
  nodes: z.array(
    z.object({
      node: z.string(),
      changes: z.array(changeSchema),
      total: z.number(),
      /** What makes this of the node as it was at the start. */
      commands: z.array(z.string()),
      /** What of it cannot be written as commands, in a sentence. */
      untold: z.string().nullable(),
    }),
  ),
});
export type NetChanges = z.infer<typeof netChangesSchema>;

/** What happened in a session, in words, and its rules at any moment. */
export const timeline = {
  get: procedure.input(page).output(historySchema),
  watch: procedure.input(page).output(eventIterator(historySchema)),
  /** The steps of an entry that merges many, from the one of this index on. */
  steps: procedure
    .input(
      z.object({ ...ofSession.shape, node: nodeId, first: z.int().min(0), last: z.int().min(0), from: z.int().min(0) }),
    )
    .output(
      z.object({
        steps: z.array(
          z.object({ state: z.number(), time: unixTime, changes: z.array(changeSchema), total: z.number() }),
        ),
        total: z.number(),
      }),
    ),
  /** The rules of a node as they were in a state; NOT_FOUND for one that there is not. `latest` are those of the last state. */
  rules: procedure
    .input(z.object({ ...ofSession.shape, node: nodeId, family: z.enum(['ipv4', 'ipv6']), state: z.int().min(0) }))
    .output(z.object({ past: netfilterViewSchema, latest: netfilterViewSchema, text: z.string() })),
  /** What is otherwise now than at the start. */
  changes: procedure.input(ofSession).output(netChangesSchema),
};
