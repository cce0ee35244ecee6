import { Command } from 'commander';
import { restartSessionNode } from '../../engine/sessions/restart.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, printJson } from '../output/print.ts';

export function restartCommand(): Command {
  return new Command('restart')
    .argument('<session>', 'its id, or what begins it')
    .argument('[node]', 'may be left out where the lab has one node')
    .option('--json', 'print what was restarted as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint restart masquerade-7k2f router')
    .action(async (sessionText: string, nodeText: string | undefined, options: { json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, sessionText);
      const node = findNode(session, nodeText);
      await restartSessionNode(workspace, session, node, signal);
      if (options.json) printJson({ session: session.id, node });
      else print(`Restarted ${node} of ${session.id}: its files are as they were, its rules are those of the start.`);
    });
}
