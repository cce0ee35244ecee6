import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { failureSchema, problemSchema } from '../failures.ts';
import { verdictSchema } from '../report.ts';
import { procedure } from './base.ts';

const packId = z.string().min(1).max(40);

const installedPackSchema = z.object({
  id: z.string(),
  title: z.string(),
  summary: z.string().nullable(),
  version: z.string(),
  authors: z.array(z.string()),
  licence: z.string(),
  labs: z.array(z.object({ id: z.string(), title: z.string() })),
  needs: z.array(z.string()),
  permissions: z.array(z.string()),
  folder: z.string(),
  /** It comes with Hookpoint and cannot be removed. */
  shipped: z.boolean(),
  /** Of several packs with one id: the one whose labs the library shows. */
  inUse: z.boolean(),
});
export type InstalledPack = z.infer<typeof installedPackSchema>;

const brokenPackSchema = z.object({
  id: z.string(),
  folder: z.string(),
  /** null for one that comes with Hookpoint. */
  installed: z.string().nullable(),
  failure: failureSchema,
});
export type BrokenPack = z.infer<typeof brokenPackSchema>;

const packListSchema = z.object({ packs: z.array(installedPackSchema), broken: z.array(brokenPackSchema) });
export type PackList = z.infer<typeof packListSchema>;

const caseSchema = z.object({
  kind: z.literal('case'),
  lab: z.string(),
  case: z.enum(['solution', 'mistake']),
  name: z.string(),
  title: z.string(),
  seed: z.number(),
  /** error: it could not be run, and proves nothing. */
  outcome: z.enum(['passed', 'failed', 'error']),
  messages: z.array(z.string()),
  verdicts: z.record(z.string(), verdictSchema),
  elapsedMs: z.number(),
});
export type PackTestCase = z.infer<typeof caseSchema>;

const testEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('planned'), cases: z.number() }),
  caseSchema,
  z.object({
    kind: z.literal('done'),
    passed: z.boolean(),
    /** Criteria that no mistake makes fail, as LAB/CRITERION. */
    withoutMistake: z.array(z.string()),
    fewSolutions: z.array(z.string()),
  }),
]);
export type PackTestEvent = z.infer<typeof testEventSchema>;

export const packs = {
  list: procedure.output(packListSchema),
  watch: procedure.output(eventIterator(packListSchema)),
  /** Every problem of the pack in use under that id, also those that only keep it from being handed out. */
  lint: procedure.input(z.object({ pack: packId })).output(z.array(problemSchema)),
  /** Runs every solution and mistake, each in a fresh lab. Ending the stream ends the runs. */
  test: procedure
    .input(z.object({ pack: packId, lab: z.string().max(40).optional(), hostLog: z.boolean() }))
    .output(eventIterator(testEventSchema)),
  /** The bytes of a .hookpack file. */
  install: procedure
    .input(z.object({ name: z.string().max(200), base64: z.base64().max(48_000_000) }))
    .output(z.object({ id: z.string(), version: z.string(), already: z.boolean() })),
  /** An installed version of a pack; NOT_FOUND for one that is shipped. */
  remove: procedure.input(z.object({ pack: packId, version: z.string().max(40) })).output(z.void()),
};
