import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { findNode, findSession } from '../../engine/sessions/session.ts';
import type { SessionRow } from '../../engine/sessions/store.ts';
import { runInNode } from '../../engine/sessions/terminal.ts';
import { openWorkspace, type Workspace } from '../../engine/sessions/workspace.ts';
import { takeSignals } from '../interrupt.ts';
import { printJson } from '../output/print.ts';
import { runStreamed } from '../run-streamed.ts';

export function execCommand(): Command {
  return new Command('exec')
    .argument('<session>', 'its id, or what begins it')
    .argument('<node>', 'a node of the lab')
    .argument('[command...]', 'the command, after --')
    .usage('[options] <session> <node> -- <command...>')
    .option('--json', 'print exit status and output as JSON')
    .addHelpText(
      'after',
      `
Passes stdin, stdout, stderr, signals and the exit status.

Examples:
  hookpoint exec redirect-7k2f host -- iptables -t nat -L -n -v
  hookpoint exec redirect-7k2f host -- bash -c 'iptables-save | grep 8888'
  hookpoint exec redirect-7k2f host -- bash -s < script.sh`,
    )
    .action(async (sessionText: string, nodeText: string, argv: string[], options: { json?: boolean }) => {
      requireParts(sessionText, argv, process.argv.slice(process.argv.indexOf('exec') + 1));
      await using workspace = await openWorkspace();
      const session = findSession(workspace.store, sessionText);
      const node = findNode(session, nodeText);
      process.exitCode = options.json
        ? await runForJson(workspace, session, node, argv)
        : await runStreamed(workspace, session, node, argv);
    });
}

/** What stands before -- and behind it is told apart here: commander takes `exec SESSION -- ls` for the node ls without a command. */
function requireParts(session: string, argv: readonly string[], raw: readonly string[]): void {
  const end = raw.indexOf('--');
  const before = raw.slice(0, end === -1 ? undefined : end).filter((word) => !word.startsWith('-'));
  if (end !== -1 && before.length === 1) {
    throw new HookpointError('USAGE', 'The node is missing: it stands before --.', {
      remedy: `hookpoint exec ${session} NODE -- ${raw.slice(end + 1).join(' ')}`,
    });
  }
  if (argv.length === 0) {
    throw new HookpointError('USAGE', 'The command is missing: it stands behind --.', {
      remedy: `hookpoint exec ${before.join(' ')} -- COMMAND; \`hookpoint shell\` opens a shell.`,
    });
  }
}

async function runForJson(
  workspace: Workspace,
  session: SessionRow,
  node: string,
  argv: readonly string[],
): Promise<number> {
  const output = new PassThrough();
  const errors = new PassThrough();
  const command = await runInNode(workspace, session, node, argv, { input: process.stdin, output, errors });
  using _signals = takeSignals((name) => void command.send(name).catch(() => undefined)); // it may just have ended
  const written = Promise.all([text(output), text(errors)]);
  const exitCode = await command.exited;
  output.end();
  errors.end();
  const [stdout, stderr] = await written;
  printJson({ session: session.id, node, exitCode, stdout, stderr });
  return exitCode;
}
