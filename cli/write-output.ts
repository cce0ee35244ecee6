import { writeFile } from 'node:fs/promises';
import { writeFailure } from '../engine/contract/write-failure.ts';
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
    throw writeFailure(file, error);
  }
}
