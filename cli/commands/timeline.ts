import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import type { TimelineEntry } from '../../engine/contract/procedures/timeline.ts';
import { readHistory } from '../../engine/sessions/history.ts';
import { type SessionMoment, stateAt } from '../../engine/sessions/moment.ts';
import { findAnySession, findNode, findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { notice, print, printJson } from '../output/print.ts';
import { textWidth } from '../output/text.ts';
import { timelineText } from '../output/timeline-text.ts';
import { readMoment } from '../read-moment.ts';

interface Options {
  readonly node?: string;
  readonly since?: SessionMoment;
  readonly changes?: boolean;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function timelineCommand(): Command {
  return new Command('timeline')
    .argument('[session]', 'may be left out where one session is running')
    .option('--node <node>', 'what happened on this node alone')
    .option('--since <moment>', 'from a state on (12), a time (16:02:11), or so long ago (5m)', (text) =>
      readMoment(text),
    )
    .option('--changes', 'only what changed a node')
    .option('-a, --all', "the lab's own preparation too")
    .option('--json', 'print entries, connections, log lines, marks and gaps as JSON')
    .addHelpText(
      'after',
      `
What changed, by which command of a terminal where that is known, which criteria turned by it, and what was answered, opened and checked.
\`#12\` is the number of a state: \`hookpoint state SESSION --at 12\` prints the rules as they were then. Commands are what shells said of
themselves, for you to read; no verdict rests on them. Of a session that has ended what was typed, answered, opened and checked is kept; its
rules went with its container.

Examples:
  hookpoint timeline
  hookpoint timeline redirect-7k2f --changes --since 5m
  hookpoint timeline filter-3mq8 --node router --since 16:02 --json`,
    )
    .action(async (text: string | undefined, options: Options) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const { store } = workspace;
      const session = text === undefined ? findSession(store, text) : findAnySession(store, text);
      const node = options.node === undefined ? null : findNode(session, options.node);
      const { history, timeline } = await readHistory(workspace, session, signal);
      let since = Number.NEGATIVE_INFINITY;
      if (options.since) {
        if ('time' in options.since) since = options.since.time;
        else if (timeline) since = stateAt(timeline, options.since).time;
        else {
          throw new HookpointError('NOT_FOUND', `The states of ${session.id} are gone with its container.`, {
            remedy: 'Give a time: `--since 16:02`.',
          });
        }
      }
      const wanted = (entry: TimelineEntry) =>
        entry.time >= since && [null, nodeOf(entry) ?? node].includes(node) && isAsked(entry, options);
      const entries = history.entries.filter(wanted);
      if (options.json) {
        const { flows = [], log = [], marks = [], gaps = [] } = timeline ?? {};
        printJson({ session: session.id, ...history, entries, flows, log, marks, gaps });
        return;
      }
      print(timelineText(entries, textWidth(), coloursFor(process.stdout)) || 'Nothing has changed since the start.');
      for (const remark of history.remarks) notice(remark);
    });
}

function isAsked(entry: TimelineEntry, { changes, all }: Options): boolean {
  if (entry.kind === 'change') return all === true || !entry.provisioning;
  return changes !== true;
}

/** What belongs to no node belongs to each. */
function nodeOf(entry: TimelineEntry): string | null {
  if (entry.kind === 'command') return entry.command.node;
  return 'node' in entry ? entry.node : null;
}
