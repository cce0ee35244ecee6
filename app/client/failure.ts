import { isDefinedError, ORPCError } from '@orpc/client';
import type { Failure } from '../../engine/contract/failures.ts';
import { failureText } from '../strings/failure.ts';
import { LineCut } from './connection.ts';

/**
 * Whatever a call threw: the engine's own words; that the line to it is cut; else a fault of ours. Who gave up a call himself looks at his
 * own signal first: what he gets is the same as where the line was cut.
 */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ORPCError && isDefinedError(thrown)) {
    const { code, message, data } = thrown as unknown as Failure & { data: Pick<Failure, 'remedy' | 'problems'> };
    return { code, message, remedy: data.remedy, problems: data.problems };
  }
  if (thrown instanceof LineCut || isCancelled(thrown)) {
    return { code: 'ENGINE_UNREACHABLE', ...failureText.lineCut, problems: [] };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'INTERNAL', message, remedy: failureText.ourFault, problems: [] };
}

/** The caller went away himself, or the line was cut under a call. */
export const isCancelled = (thrown: unknown): boolean => thrown instanceof Error && thrown.name === 'AbortError';
