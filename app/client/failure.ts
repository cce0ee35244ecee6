import { isDefinedError, ORPCError } from '@orpc/client';
import type { Failure } from '../../engine/contract/failures.ts';

/** Whatever a call threw, as the engine's own words; what is no failure of the engine is the line to it, or our fault. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ORPCError && isDefinedError(thrown)) {
    const { code, message, data } = thrown as unknown as Failure & { data: Pick<Failure, 'remedy' | 'problems'> };
    return { code, message, remedy: data.remedy, problems: data.problems };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'INTERNAL', message, remedy: null, problems: [] };
}

/** The caller went away himself: nothing to say. */
export const isCancelled = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'AbortError';
