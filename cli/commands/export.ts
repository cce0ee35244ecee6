import { Command } from 'commander';
import { version } from '../../engine/host/version.ts';
import { exportSession } from '../../engine/sessions/record/export.ts';
import { sessionFileSuffix } from '../../engine/sessions/record/session-file.ts';
import { findAnySession, findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { notice, print, printJson } from '../output/print.ts';
import { plain } from '../output/text.ts';

export function exportCommand(): Command {
  return new Command('export')
    .argument(
      '[session]',
      'its id, or what begins it; one that was stopped too. May be left out where one session is running',
    )
    .option('-o, --output <file>', `where to; SESSION${sessionFileSuffix} in this folder where it is left out`)
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      `
One file with the timeline, the answers, the terminals and the verdicts of a session. \`hookpoint grade FILE\` rebuilds its states in a fresh lab and
probes them there, \`hookpoint replay FILE\` plays its terminals. What your terminals showed is in it: look before you hand it in.

Examples:
  hookpoint export redirect-7k2f
  hookpoint export redirect-7k2f -o homework${sessionFileSuffix}`,
    )
    .action(async (text: string | undefined, options: { output?: string; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const { store } = workspace;
      const session = text === undefined ? findSession(store, undefined) : findAnySession(store, text);
      const file = options.output ?? `${session.id}${sessionFileSuffix}`;
      const exported = await exportSession(workspace, session, { file, engine: version }, signal);
      if (exported.withoutTimeline) notice(`${exported.withoutTimeline} The file can be replayed, not graded.`);
      if (options.json) printJson({ session: session.id, ...exported });
      else {
        const terminals = exported.terminals.length === 1 ? '1 terminal' : `${exported.terminals.length} terminals`;
        print(plain(`Wrote ${file}: ${Math.ceil(exported.bytes / 1024)} KB, ${terminals}.`));
      }
    });
}
