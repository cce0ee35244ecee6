import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { reportSchema } from '../report.ts';
import { procedure, unixTime } from './base.ts';

const resultSummarySchema = z.object({
  id: z.int(),
  time: unixTime,
  session: z.string(),
  pack: z.string(),
  lab: z.string(),
  title: z.string(),
  score: z.number(),
  possible: z.number(),
  undecided: z.number(),
  passed: z.boolean(),
});
export type ResultSummary = z.infer<typeof resultSummarySchema>;

const resultSchema = resultSummarySchema.extend({ report: reportSchema });
export type Result = z.infer<typeof resultSchema>;

/** Every check that was made, newest first. */
export const results = {
  list: procedure.output(z.array(resultSummarySchema)),
  watch: procedure.output(eventIterator(z.array(resultSummarySchema))),
  get: procedure.input(z.object({ id: z.int() })).output(resultSchema),
};
