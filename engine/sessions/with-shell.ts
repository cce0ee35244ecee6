import type { RunScript } from '../runtime/container.ts';
import { lostOr, runningContainer } from './session.ts';
import type { SessionRow } from './store.ts';
import type { Workspace } from './workspace.ts';

/** Runs something in the session's outer container through a resident shell. SESSION_LOST where the container is the trouble. */
export async function withShell<Result>(
  workspace: Workspace,
  session: SessionRow,
  signal: AbortSignal | undefined,
  work: (run: RunScript) => Promise<Result>,
): Promise<Result> {
  const container = await runningContainer(workspace.runtime, session, signal);
  try {
    await using shell = await workspace.shell(container, signal);
    return await work(shell.run);
  } catch (error) {
    throw await lostOr(session, container, error);
  }
}
