import { writeMark } from '../observe/read-timeline.ts';
import type { LabInstance } from '../packs/index.ts';
import type { RunScript } from '../runtime/container.ts';
import { restartNode } from '../topology/index.ts';
import { lock } from './lock.ts';
import type { SessionRow } from './store.ts';
import { withShell } from './with-shell.ts';
import type { Workspace } from './workspace.ts';

/** Turns a node off and on: rules, addresses and processes gone, files kept. */
export async function restartSessionNode(
  workspace: Workspace,
  session: SessionRow,
  node: string,
  signal?: AbortSignal,
): Promise<void> {
  using _held = await lock(workspace.home, session.id, { signal });
  await withShell(workspace, session, signal, (run) => restartNow(session.id, session.instance, node, run, signal));
}

export async function restartNow(
  session: string,
  instance: LabInstance,
  node: string,
  run: RunScript,
  signal?: AbortSignal,
): Promise<void> {
  const given = signal ? { signal } : {};
  await writeMark(run, { name: 'node-restarting', detail: node }, given);
  await restartNode(run, instance.topology, node, { session, ...given });
  await writeMark(run, { name: 'node-restarted', detail: node }, given);
}
