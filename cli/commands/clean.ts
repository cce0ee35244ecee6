import { Command } from 'commander';
import { type Cleaned, clean } from '../../engine/sessions/clean.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, printJson } from '../output/print.ts';

export function cleanCommand(): Command {
  return new Command('clean')
    .option('-a, --all', 'end running sessions too')
    .option('--other-homes', 'remove containers that were started with another data folder as well, running ones too')
    .option('--json', 'print what was removed as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint clean\n  hookpoint clean --all')
    .action(async (options: { all?: boolean; otherHomes?: boolean; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const cleaned = await clean(workspace, { ...options, signal });
      if (options.json) printJson(cleaned);
      else print(cleanedText(cleaned));
    });
}

function cleanedText({ containers, records, lost, stopped, busy, checkpoints, hostLogRestored }: Cleaned): string {
  const lines = [
    ...containers.map((name) => `Removed the container ${name}.`),
    ...records.map((id) => `Removed what was recorded of ${id}.`),
    ...lost.map((id) => `Gave up the lost session ${id}.`),
    ...stopped.map((id) => `Ended the session ${id}.`),
    ...busy.map((id) => `Left ${id} alone: another command is working on it.`),
    ...checkpoints.map((id) => `Removed the checkpoints of ${id}.`),
    ...(hostLogRestored ? ["Put the host's kernel log setting back."] : []),
  ];
  return lines.length > 0 ? lines.join('\n') : 'There was nothing to remove.';
}
