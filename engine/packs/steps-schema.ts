import { z } from 'zod';
import { verdictSchema } from '../contract/report.ts';
import { nodeName } from '../topology/topology.ts';
import { parameterName } from './parameters.ts';

/** One thing that somebody does in a lab. */
const stepSchema = z.union([
  /** A bash script in a node, as the learner would type it. Its exit status is reported, not judged. */
  z.strictObject({ run: z.string().min(1), node: nodeName }),
  z.strictObject({ answer: z.string().min(1), value: z.union([z.string(), z.number()]) }),
  /** Until the script exits 0, at most so many seconds. */
  z.strictObject({
    wait: z.strictObject({ for: z.string().min(1), node: nodeName, seconds: z.number().min(0.1).max(120).default(10) }),
  }),
  /** What the named criteria must be at this moment. */
  z.strictObject({ check: z.record(z.string(), verdictSchema) }),
  z.strictObject({ restart: nodeName }),
]);
export type Step = z.infer<typeof stepSchema>;

const frame = {
  title: z.string().min(1).max(200),
  /** A choice parameter: the file is run once for each of its values. */
  each: parameterName.optional(),
  steps: z.array(stepSchema),
};

/** solutions/*.yaml */
export const solutionSchema = z.strictObject(frame);
export type Solution = z.infer<typeof solutionSchema>;

/** mistakes/*.yaml */
export const mistakeSchema = z.strictObject({
  ...frame,
  /** Exactly these criteria do not pass. */
  fails: z.array(z.string()).min(1),
});
export type Mistake = z.infer<typeof mistakeSchema>;

/** A steps file that belongs to no lab's solutions (`hookpoint grade`): `fails` is allowed and means nothing. */
export const stepsFileSchema = z.strictObject({
  ...frame,
  title: z.string().default('steps'),
  fails: z.array(z.string()).optional(),
});
