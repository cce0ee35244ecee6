import { z } from 'zod';

/** met and unmet are about the learner; unknown says that the check itself could not be done. */
const outcomeSchema = z.enum(['met', 'unmet', 'unknown']);
export type Outcome = z.infer<typeof outcomeSchema>;

export const verdictSchema = z.enum(['passed', 'failed', 'not-reached', 'could-not-check']);
export type Verdict = z.infer<typeof verdictSchema>;

/** A packet's way through one node's rules. */
const walkSchema = z.object({
  node: z.string(),
  /** In words. */
  packet: z.string(),
  /** continue: it came out at the end of the one chain that was walked. */
  verdict: z.enum(['accept', 'drop', 'reject', 'continue', 'unknown']),
  steps: z.array(
    z.object({
      hook: z.enum(['prerouting', 'input', 'forward', 'output', 'postrouting']),
      /** `routing` for a decision of the routing code; chain is then what decided. */
      table: z.string(),
      chain: z.string(),
      /** 1-based; 0 is the chain's policy. */
      rule: z.number(),
      /** null: what decides is not known. */
      matched: z.boolean().nullable(),
      /** Which condition failed or is not known, in words; empty for a match. */
      why: z.string(),
      /** The rule as iptables writes it, or the policy. */
      text: z.string(),
      /** What a match does: ACCEPT, LOG, "jump to WEB". */
      action: z.string(),
    }),
  ),
  /** Place in `steps` of the one that ended the packet's way; null where it only went on. */
  decided: z.number().nullable(),
  /** What nat changed. null: changed to a value that is not known. */
  rewrites: z.array(z.object({ field: z.enum(['src', 'sport', 'dst', 'dport']), value: z.string().nullable() })),
  /** What would have to be known, in words. */
  unknown: z.array(z.string()),
});
export type Walk = z.infer<typeof walkSchema>;

export const checkResultSchema = z.object({
  type: z.string(),
  outcome: outcomeSchema,
  /** In words: what had to be true. */
  expected: z.string(),
  /** In words: what was found. */
  actual: z.string(),
  /** A sentence for the learner: why this outcome, and where to look. */
  message: z.string(),
  /** What the outcome rests on: the rules, the probe's result. */
  evidence: z.unknown().optional(),
  /** The way of the packet that the outcome rests on. */
  walk: walkSchema.optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

const criterionResultSchema = z.object({
  id: z.string(),
  title: z.string(),
  verdict: verdictSchema,
  points: z.number(),
  possible: z.number(),
  checks: z.array(checkResultSchema),
});
export type CriterionResult = z.infer<typeof criterionResultSchema>;

/** One script of a work that was graded. */
const scriptRunSchema = z.object({
  node: z.string(),
  /** Its first command, and how many lines follow. */
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
const gradedWorkSchema = z.object({
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
  /** Only of a session file: what has to be known of how it was rebuilt. */
  remarks: z.array(z.string()).optional(),
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
