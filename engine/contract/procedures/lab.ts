import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { checkResultSchema, reportSchema } from '../report.ts';
import { procedure, sessionId, unixTime } from './base.ts';
import { sessionSummarySchema } from './sessions.ts';

const openedHintSchema = z.object({
  /** Counted from 1. */
  number: z.number(),
  /** Markdown. */
  text: z.string(),
  cost: z.number(),
  time: unixTime,
});
export type OpenedHint = z.infer<typeof openedHintSchema>;

const questionSchema = z.object({
  id: z.string(),
  ask: z.string(),
  kind: z.string(),
  /** Of a `choice`. */
  choices: z.array(z.string()).nullable(),
  /** What an answer looks like, in words. */
  form: z.string(),
  /** The last one that was given, right or wrong. */
  answer: z.object({ value: z.string(), time: unixTime }).nullable(),
});
export type LabQuestion = z.infer<typeof questionSchema>;

/** A lab as one session has it: what the screen of a lab shows. */
const openLabSchema = z.object({
  session: sessionSummarySchema,
  summary: z.string(),
  level: z.string(),
  minutes: z.number(),
  /** Features of the machine, as the library's card has them. */
  needs: z.array(z.string()),
  /** Markdown with this session's values. A fence of `sh node=NAME` can be run. */
  guide: z.string(),
  /** Drawn values that the guide speaks of. */
  values: z.array(z.object({ name: z.string(), value: z.string() })),
  questions: z.array(questionSchema),
  hints: z.object({
    total: z.number(),
    opened: z.array(openedHintSchema),
    /** What the next one costs in points; null where all are open. */
    nextCost: z.number().nullable(),
  }),
  criteria: z.array(z.object({ id: z.string(), title: z.string(), points: z.number(), after: z.array(z.string()) })),
  /** The latest check. */
  latest: z.object({ time: unixTime, report: reportSchema }).nullable(),
  /** Markdown, shown once everything has passed. */
  explain: z.string().nullable(),
});
export type OpenLab = z.infer<typeof openLabSchema>;

const ofSession = z.object({ session: sessionId });

const standingSchema = z.object({
  id: z.string(),
  /**
   * met: true by what is seen. open: something is missing. violated: what had to hold did not. unprobed: what is seen is right, and the rest only
   * a check finds out. unknown: it cannot be seen.
   */
  standing: z.enum(['met', 'open', 'violated', 'unprobed', 'unknown']),
  checks: z.array(checkResultSchema),
});
export type StandingCriterion = z.infer<typeof standingSchema>;

/** One session and what a learner does in it. */
export const lab = {
  get: procedure.input(ofSession).output(openLabSchema),
  watch: procedure.input(ofSession).output(eventIterator(openLabSchema)),
  /** Where the criteria stand, between two checks: all of them first, then those that have become otherwise. No points. */
  live: procedure.input(ofSession).output(eventIterator(z.array(standingSchema))),
  /** Stored whether right or wrong; BAD_INPUT for what could be no answer. */
  answer: procedure
    .input(z.object({ session: sessionId, question: z.string().max(100), value: z.string().max(1000) }))
    .output(z.void()),
  /** Opens the next hint; null where none is left. */
  openHint: procedure.input(ofSession).output(openedHintSchema.nullable()),
  /** Gathers, judges and keeps the report. */
  check: procedure.input(ofSession).output(reportSchema),
  /** An image of the guide, by the path that stands there, relative to the lab's folder. */
  image: procedure
    .input(z.object({ session: sessionId, path: z.string().min(1).max(300) }))
    .output(z.object({ mediaType: z.string(), base64: z.string() })),
};
