import { Command } from 'commander';
import { findHome } from '../../engine/sessions/home.ts';
import { type ListedSession, listSessions, type SessionStatus } from '../../engine/sessions/sessions.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { interruptSignal } from '../interrupt.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { printError } from '../output/error.ts';
import { notice, print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { textWidth } from '../output/text.ts';

export function sessionsCommand(): Command {
  return new Command('sessions')
    .option('-a, --all', 'stopped sessions too')
    .option('--json', 'print the sessions as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint sessions\n  hookpoint sessions --all --json')
    .action(async (options: { all?: boolean; json?: boolean }) => {
      const home = findHome();
      using store = openStore(home);
      const { sessions, failure } = await listSessions(home, store, { ...options, signal: interruptSignal() });
      if (options.json) printJson({ sessions: sessions.map(sessionJson) });
      else if (sessions.length > 0) print(sessionsTable(sessions, coloursFor(process.stdout)));
      else print('No session is running. Start one with `hookpoint start PACK/LAB`.');
      if (failure) {
        printError(failure);
        process.exitCode = failure.exitCode;
      }
      const lost = sessions.find(({ status }) => status === 'lost')?.session.id;
      if (lost && !options.json) {
        notice(
          `Lost: its container was ended from outside. \`hookpoint start --resume ${lost}\` or \`hookpoint clean\`.`,
        );
      }
    });
}

function sessionJson({ session, status, report }: ListedSession) {
  return {
    session: session.id,
    lab: `${session.pack}/${session.lab}`,
    status,
    seed: session.seed,
    created: session.created.toISOString(),
    nodes: Object.keys(session.instance.topology.nodes).map((name) => ({ name })),
    container: session.container,
    score: report?.score ?? null,
    possible: report?.possible ?? null,
    passed: report?.passed ?? null,
  };
}

function sessionsTable(sessions: readonly ListedSession[], colours: Colours): string {
  const paint: Readonly<Record<SessionStatus, (text: string) => string>> = {
    running: colours.green,
    paused: colours.yellow,
    lost: colours.red,
    stopped: colours.dim,
    unknown: colours.yellow,
  };
  const rows = sessions.map(({ session, status, report }) => [
    colours.bold(session.id),
    `${session.pack}/${session.lab}`,
    paint[status](status),
    report ? `${report.score}/${report.possible}` : '-',
    age(session.created),
    Object.keys(session.instance.topology.nodes).join(', '),
  ]);
  return table([['SESSION', 'LAB', 'STATUS', 'MARKS', 'STARTED', 'NODES'].map(colours.dim), ...rows], {
    width: textWidth(),
  });
}

function age(created: Date): string {
  const minutes = Math.max(0, Math.floor((Date.now() - created.getTime()) / 60_000));
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}
