import { oc } from '@orpc/contract';
import { z } from 'zod';
import { failures } from '../failures.ts';

/**
 * Where every procedure begins: the closed set of failures. A procedure named `watch` gives the whole value at once and again after each
 * change, until the caller ends it.
 */
export const procedure = oc.errors(failures);

/** A session's id, as `sessions` lists it. */
export const sessionId = z.string().min(1).max(64);
export const nodeId = z.string().min(1).max(20);

/** Unix time in seconds, with a fraction. */
export const unixTime = z.number();

/** What is going on now, for people. */
export const progressSchema = z.object({
  kind: z.literal('progress'),
  stage: z.string(),
  detail: z.string().optional(),
});
