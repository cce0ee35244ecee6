import { z } from 'zod';

/** met and unmet are about the learner; unknown says that the check itself could not be done. */
export const outcomeSchema = z.enum(['met', 'unmet', 'unknown']);
export type Outcome = z.infer<typeof outcomeSchema>;

export const verdictSchema = z.enum(['passed', 'failed', 'not-reached', 'could-not-check']);
export type Verdict = z.infer<typeof verdictSchema>;

export const checkResultSchema = z.object({
  type: z.string(),
  outcome: outcomeSchema,
  /** In words: what had to be true. */
  expected: z.string(),
  /** In words: what was found. */
  actual: z.string(),
  /** A sentence for the learner: why this outcome, and where to look. */
  message: z.string(),
  /** What the outcome rests on: the rules, the packet's walk, the probe's result. */
  evidence: z.unknown().optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const criterionResultSchema = z.object({
  id: z.string(),
  title: z.string(),
  verdict: verdictSchema,
  points: z.number(),
  possible: z.number(),
  checks: z.array(checkResultSchema),
});
export type CriterionResult = z.infer<typeof criterionResultSchema>;

/** What `check --json` prints. */
export const reportSchema = z.object({
  session: z.string(),
  lab: z.string(),
  score: z.number(),
  possible: z.number(),
  undecided: z.number(),
  passed: z.boolean(),
  criteria: z.array(criterionResultSchema),
});
export type Report = z.infer<typeof reportSchema>;
