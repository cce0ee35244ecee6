import { HookpointError } from '../../contract/error.ts';
import { notRecorded, type TerminalRecording } from '../../terminals/recording.ts';
import type { Workspace } from '../workspace.ts';
import { isRecorded } from './record-folder.ts';
import { type RecordOptions, recordTerminal } from './terminal-record.ts';

/** Keeps a terminal of a session, unless it was started without that. */
export function recordSessionTerminal(
  { home, store }: Pick<Workspace, 'home' | 'store'>,
  { session, node, size }: RecordOptions,
): TerminalRecording {
  try {
    if (!isRecorded(store, session)) return notRecorded;
  } catch (error) {
    // A terminal does not end because the database cannot be read.
    if (error instanceof HookpointError) return notRecorded;
    throw error;
  }
  return recordTerminal(home, { session, node, size });
}
