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

/** One script of a work that was graded. */
export const scriptRunSchema = z.object({
  node: z.string(),
  /** Its first words. */
  script: z.string(),
  exitCode: z.number(),
  /** It did not end in its time and was stopped. */
  timedOut: z.boolean(),
  seconds: z.number(),
  /** The last lines of what it printed, of the first 64 KB. */
  stdout: z.string(),
  stderr: z.string(),
});
export type ScriptRun = z.infer<typeof scriptRunSchema>;

/** What `grade` ran before it judged. */
export const gradedWorkSchema = z.object({
  /** The file as it was named, `-` for stdin. */
  file: z.string(),
  seed: z.number(),
  pack: z.string(),
  packVersion: z.string(),
  /** From the first step to the last. */
  seconds: z.number(),
  scripts: z.array(scriptRunSchema),
  /** Steps that could not be done. */
  failures: z.array(z.string()),
});
export type GradedWork = z.infer<typeof gradedWorkSchema>;

/** What `check --json` prints. */
export const reportSchema = z.object({
  session: z.string(),
  lab: z.string(),
  /** Points of what passed, without what opened hints cost. */
  score: z.number(),
  possible: z.number(),
  undecided: z.number(),
  passed: z.boolean(),
  criteria: z.array(criterionResultSchema),
  /** How many hints were opened and what they cost together; not there where none was. */
  hints: z.object({ opened: z.number(), cost: z.number() }).optional(),
  /** Only of `grade`. */
  work: gradedWorkSchema.optional(),
});
export type Report = z.infer<typeof reportSchema>;
