import type { Checkpoint } from '../../engine/contract/procedures/checkpoints.ts';
import { counted } from './counted.ts';

const reasons: Readonly<Record<NonNullable<Checkpoint['reason']>, string>> = {
  stop: 'when the lab was stopped',
  time: 'by itself, in between',
  restore: 'before something else was brought back',
};

/** What the dialog of checkpoints says. */
export const checkpointsText = {
  open: 'Checkpoints',
  title: 'Checkpoints',
  description:
    'A checkpoint holds the files, rules, sets, sysctls, addresses and routes of every node. Processes and connections are not in it.',
  name: 'Name',
  nameHint: 'Left empty, it is numbered.',
  save: 'Save',
  saving: 'Saving…',
  saved: (name: string) => `Saved ${name}.`,
  list: 'Saved states',
  none: 'Nothing is saved yet.',
  loading: 'Reading what is saved…',
  when: (time: string, size: string) => `${time} · ${size}`,
  reason: (reason: Checkpoint['reason']) => (reason === null ? null : reasons[reason]),
  restore: 'Restore',
  restoreNamed: (name: string) => `Restore ${name}`,
  restoring: (name: string) => `Bringing ${name} back…`,
  restored: (name: string, before: string | null) =>
    before === null ? `${name} is back.` : `${name} is back. What stood before is kept as ${before}.`,
  restoreTitle: (name: string) => `Go back to ${name}?`,
  restoreText: (time: string) =>
    `Every node gets the files, rules and addresses of ${time}. Shells and processes in the nodes end, connections are gone. What stands now is saved first. What you reached before still counts.`,
  remove: 'Remove',
  removeNamed: (name: string) => `Remove ${name}`,
  reset: 'Back to the start',
  resetAll: 'All nodes',
  resetTitle: (node: string | null) =>
    node === null ? 'Put all nodes back to the start?' : `Put ${node} back to the start?`,
  resetText:
    'Files, rules and addresses are those that the lab begins with. Shells and processes end. What stands now is saved first; answers and hints stay.',
  resetting: 'Putting back…',
  resetDone: (nodes: number) => `${counted(nodes, 'node')} as the lab starts.`,
  left: (things: string) => `Not brought back: ${things}.`,
  close: 'Close',
  bytes: (bytes: number) =>
    bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`,
};
