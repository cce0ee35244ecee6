import { z } from 'zod';
import { criterionSchema, hintSchema, questionSchema } from '../grading/schema.ts';
import { topologySchema } from '../topology/topology.ts';
import { featureSchema, labId } from './pack-schema.ts';
import { parametersSchema } from './parameters.ts';

/** lab.yaml */
export const labSchema = z.strictObject({
  id: labId,
  title: z.string().min(1).max(120),
  level: z.enum(['beginner', 'intermediate', 'advanced']),
  /** How long it takes somebody who meets it for the first time. */
  minutes: z.int().min(1).max(600),
  summary: z.string().min(1).max(500),
  needs: z.array(featureSchema).default([]),
  /** Labs of the same pack that come first. */
  after: z.array(labId).default([]),
  parameters: parametersSchema.default({}),
  topology: topologySchema,
  questions: z.array(questionSchema).default([]),
  criteria: z.array(criterionSchema).min(1),
  hints: z.array(hintSchema).default([]),
  /** Shown after passing. */
  explain: z.string().optional(),
});
export type LabDocument = z.infer<typeof labSchema>;
