import { HookpointError } from './error.ts';

/** A file that somebody named could not be written: DISK_FULL or BAD_INPUT. */
export function writeFailure(file: string, error: unknown): HookpointError {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return new HookpointError(full ? 'DISK_FULL' : 'BAD_INPUT', `The file ${file} cannot be written.`, {
    remedy: full ? 'Free some space.' : 'Name a file in a folder that is there and may be written.',
    cause: error,
  });
}
