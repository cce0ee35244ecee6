import { Command } from 'commander';
import { findSession } from '../../engine/sessions/session.ts';
import { stopSession } from '../../engine/sessions/stop.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { notice, print, printJson } from '../output/print.ts';

export function stopCommand(): Command {
  return new Command('stop')
    .argument('[sessions...]', 'may be left out where one session is running')
    .option('-a, --all', 'every session')
    .option('--no-checkpoint', 'do not save what is there for `start --resume`')
    .option('--json', 'print what was stopped as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint stop redirect-7k2f\n  hookpoint stop --all --no-checkpoint')
    .action(async (texts: string[], options: { all?: boolean; checkpoint: boolean; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const { store } = workspace;
      const asked = texts.length > 0 ? texts : [undefined];
      const sessions = options.all
        ? store.sessions().filter(({ status }) => status === 'running')
        : asked.map((text) => findSession(store, text));
      for (const session of sessions) {
        const { checkpoint, saveFailure } = await stopSession(workspace, session, { save: options.checkpoint, signal });
        if (saveFailure) notice(`What ${session.id} held is not saved: ${saveFailure.message}`);
        const kept = checkpoint
          ? ` Its state is kept: \`hookpoint start --resume ${session.id}\` goes on from it.`
          : '';
        if (!options.json) print(`Stopped ${session.id}.${kept}`);
      }
      if (options.json) printJson({ stopped: sessions.map(({ id }) => id) });
    });
}
