import type { SessionRow } from '../engine/sessions/store.ts';
import { runInNode } from '../engine/sessions/terminal.ts';
import type { Workspace } from '../engine/sessions/workspace.ts';
import { takeSignals } from './interrupt.ts';

/** So many signals that are of no avail, and the command is left to itself. */
const patience = 3;

/** Runs a command in a node on this process's own streams; signals go to it. Its exit status is the result. */
export async function runStreamed(
  workspace: Workspace,
  session: SessionRow,
  node: string,
  argv: readonly string[],
): Promise<number> {
  const streams = { input: process.stdin, output: process.stdout, errors: process.stderr };
  const command = await runInNode(workspace, session, node, argv, streams);
  const givenUp = Promise.withResolvers<number>();
  let received = 0;
  using _signals = takeSignals((name) => {
    received += 1;
    const last = received >= patience;
    void command
      .send(last ? 'SIGKILL' : name)
      .catch(() => undefined) // the container may be gone; then the command is too
      .finally(() => {
        if (last || name === 'SIGPIPE') givenUp.resolve(name === 'SIGPIPE' ? 141 : 137);
      });
  });
  return await Promise.race([command.exited, givenUp.promise]);
}
