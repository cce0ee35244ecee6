import { Command } from 'commander';
import { resetNodes } from '../../engine/sessions/checkpoints/restore.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, printJson } from '../output/print.ts';

export function resetCommand(): Command {
  return new Command('reset')
    .argument('<session>', 'its id, or what begins it')
    .option('--node <node>', 'this node alone, instead of all')
    .option('--json', 'print what was reset as JSON')
    .addHelpText(
      'after',
      `
Nodes get the files, rules and addresses that the lab starts with; answers and opened hints stay. What stands now is saved first, as auto-N.

Examples:
  hookpoint reset masquerade-7k2f
  hookpoint reset masquerade-7k2f --node router`,
    )
    .action(async (text: string, options: { node?: string; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const all = Object.keys(session.instance.topology.nodes);
      const nodes = options.node === undefined ? all : [findNode(session, options.node)];
      const { before } = await resetNodes(workspace, session, nodes, signal);
      if (options.json) printJson({ session: session.id, nodes, before: before?.name ?? null });
      else {
        const undo = before ? ` What stood before is kept as ${before.name}.` : '';
        print(`${nodes.join(', ')} of ${session.id}: as the lab starts.${undo}`);
      }
    });
}
