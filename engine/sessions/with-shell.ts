import type { RunScript } from '../runtime/container.ts';
import { failWhenCutShort } from './checkpoints/settle.ts';
import { lostOr, runningContainer } from './session.ts';
import type { SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

/**
 * Runs something in the session's outer container through a resident shell. SESSION_LOST where the container is the trouble, NODE_FAILED where
 * a checkpoint was being brought back and that was cut short.
 */
export async function withShell<Result>(
  workspace: Workspace,
  session: SessionRow,
  signal: AbortSignal | undefined,
  work: (run: RunScript) => Promise<Result>,
): Promise<Result> {
  const container = await runningContainer(workspace.runtime, session, signal);
  try {
    await using shell = await workspace.shell(container, signal);
    await failWhenCutShort(workspace, session, shell.run);
    return await work(shell.run);
  } catch (error) {
    throw await lostOr(session, container, error);
  }
}
