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

/** What HTTP calls each failure (RFC 9110). */
export const httpStatus: Readonly<Record<ErrorCode, number>> = {
  USAGE: 400,
  BAD_INPUT: 400,
  NOT_FOUND: 404,
  LIMIT_REACHED: 429,
  PACK_INVALID: 422,
  RULESET_INVALID: 422,
  ENGINE_UNREACHABLE: 503,
  NOT_BUILT: 503,
  DOCKER_UNREACHABLE: 503,
  DOCKER_DENIED: 503,
  DOCKER_FAILED: 502,
  IMAGE_BUILD_FAILED: 502,
  DISK_FULL: 507,
  SESSION_LOST: 410,
  SESSION_BUSY: 409,
  NODE_FAILED: 502,
  PROVISIONING_FAILED: 502,
  TIMED_OUT: 504,
  CANCELLED: 499,
  STORE_FAILED: 500,
  INTERNAL: 500,
};

/** Every procedure may fail with any of the codes, and with no other. */
export const failures = Object.fromEntries(
  codes.map((code) => [code, { status: httpStatus[code], data: failureData }]),
) as Readonly<Record<ErrorCode, { readonly status: number; readonly data: typeof failureData }>>;
