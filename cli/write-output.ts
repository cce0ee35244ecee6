import { writeFile } from 'node:fs/promises';
import { HookpointError } from '../engine/contract/error.ts';
import { print } from './output/print.ts';

/** Writes a file that an option names, `-` for stdout. BAD_INPUT or DISK_FULL where it cannot be written. */
export async function writeOutput(file: string, text: string): Promise<void> {
  if (file === '-') {
    print(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (error) {
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    throw new HookpointError(full ? 'DISK_FULL' : 'BAD_INPUT', `The file ${file} cannot be written.`, {
      remedy: full ? 'Free some space.' : 'Name a file in a folder that is there and may be written.',
      cause: error,
    });
  }
}
