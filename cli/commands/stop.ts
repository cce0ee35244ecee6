import { Command } from 'commander';
import { findSession } from '../../engine/sessions/session.ts';
import { stopSession } from '../../engine/sessions/stop.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, printJson } from '../output/print.ts';

export function stopCommand(): Command {
  return new Command('stop')
    .argument('[sessions...]', 'may be left out where one session is running')
    .option('-a, --all', 'every session')
    .option('--json', 'print what was stopped as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint stop redirect-7k2f\n  hookpoint stop --all')
    .action(async (texts: string[], options: { all?: boolean; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const { store } = workspace;
      const asked = texts.length > 0 ? texts : [undefined];
      const sessions = options.all
        ? store.sessions().filter(({ status }) => status === 'running')
        : asked.map((text) => findSession(store, text));
      for (const session of sessions) {
        await stopSession(workspace, session, signal);
        if (!options.json) print(`Stopped ${session.id}.`);
      }
      if (options.json) printJson({ stopped: sessions.map(({ id }) => id) });
    });
}
