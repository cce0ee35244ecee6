import type { NetChanges } from '../contract/procedures/timeline.ts';
import { changeCommands } from './change-commands.ts';
import { changeWords } from './change-words.ts';
import { nodeChanges } from './node-changes.ts';
import type { Snapshots } from './store.ts';

/** What is otherwise in nodes than it was before, in words, and as commands where those can be given. Nodes that are as they were are left out. */
export function netChanges(before: Snapshots, now: Snapshots, most = Number.POSITIVE_INFINITY): NetChanges {
  const nodes = Object.entries(now).flatMap(([node, snapshot]) => {
    const changes = nodeChanges(before[node], snapshot);
    if (changes.length === 0) return [];
    const { commands, untold } = changeCommands(changes, before[node]);
    return [
      {
        node,
        changes: changes.slice(0, most).map(changeWords),
        total: changes.length,
        commands: commands.slice(0, most),
        untold: untold.length === 0 ? null : `No command is given for ${untold.join('; ')}.`,
      },
    ];
  });
  return { nodes };
}
