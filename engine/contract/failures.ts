import { z } from 'zod';
import { type ErrorCode, errorCodes } from './error.ts';

const placeSchema = z.object({ file: z.string(), line: z.number(), column: z.number() });

export const problemSchema = z.object({
  message: z.string(),
  place: placeSchema.optional(),
  expected: z.string().optional(),
});

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

/** A failure as data, where it is part of an answer rather than its end. */
export const failureSchema = z.object({
  code: z.enum(codes),
  message: z.string(),
  remedy: z.string().nullable(),
  problems: z.array(problemSchema),
});
export type Failure = z.infer<typeof failureSchema>;

/** What travels beside the code and the sentence when a procedure fails. */
const failureData = z.object({ remedy: z.string().nullable(), problems: z.array(problemSchema) });
export type FailureData = z.infer<typeof failureData>;

/** Every procedure may fail with any of the codes, and with no other. */
export const failures = Object.fromEntries(codes.map((code) => [code, { data: failureData }])) as Readonly<
  Record<ErrorCode, { readonly data: typeof failureData }>
>;
