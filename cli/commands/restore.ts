import { Command } from 'commander';
import { restoreCheckpoint } from '../../engine/sessions/checkpoints/restore.ts';
import { findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { leftText } from '../output/left-out.ts';
import { momentText } from '../output/moment.ts';
import { notice, print, printJson } from '../output/print.ts';

export function restoreCommand(): Command {
  return new Command('restore')
    .argument('<session>', 'its id, or what begins it')
    .argument('[name]', 'the checkpoint; the newest where it is left out')
    .option('--json', 'print what was brought back as JSON')
    .addHelpText(
      'after',
      `
Every node is turned off and on with the files, rules, addresses and routes of the checkpoint; shells in them end. What stands now is saved
first, as auto-N. What was reached before stays reached for the marks, and a restore by itself breaks no criterion.

Examples:
  hookpoint restore masquerade-7k2f before-lunch
  hookpoint restore masquerade-7k2f`,
    )
    .action(async (text: string, name: string | undefined, options: { json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const { checkpoint, before, left } = await restoreCheckpoint(workspace, session, name, signal);
      for (const line of leftText('Not brought back', left)) notice(line);
      if (options.json) {
        printJson({ session: session.id, restored: checkpoint.name, before: before?.name ?? null, left });
        return;
      }
      const undo = before ? ` What stood before is kept as ${before.name}.` : '';
      print(`${session.id} is as it was at ${momentText(checkpoint.time)} (${checkpoint.name}).${undo}`);
    });
}
