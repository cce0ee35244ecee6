import { Command } from 'commander';
import { findSession } from '../../engine/sessions/session.ts';
import { readSessionTimeline } from '../../engine/sessions/state.ts';
import { type TimelineChange, timelineChanges } from '../../engine/sessions/timeline-changes.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { plain } from '../output/text.ts';
import { editText } from './rules-diff.ts';

export function timelineCommand(): Command {
  return new Command('timeline')
    .argument('[session]', 'may be left out where one session is running')
    .option('-a, --all', "the lab's own preparation too")
    .option('--json', 'print changes, connections, log lines, marks and gaps as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint timeline redirect-7k2f\n  hookpoint timeline redirect-7k2f --json')
    .action(async (text: string | undefined, options: { all?: boolean; json?: boolean }) => {
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const timeline = await readSessionTimeline(workspace, findSession(workspace.store, text), signal);
      const shown = timelineChanges(timeline).filter((change) => options.all || !change.provisioning);
      const { flows, log, marks, gaps } = timeline;
      if (options.json) printJson({ states: shown, flows, log, marks, gaps });
      else print(changesText(shown, coloursFor(process.stdout)) || 'Nothing has changed since the start.');
    });
}

function changesText(changes: readonly TimelineChange[], colours: Colours): string {
  return changes
    .filter(({ edits, other }) => edits.length + other.length > 0)
    .map((change) => {
      const { time, node, process: by, edits, other } = change;
      const head = `${clock(time)}  ${colours.bold(node)}${by ? colours.dim(`  by ${plain(by)}`) : ''}`;
      const lines = edits.map((edit) => {
        const place = 'chain' in edit ? `${edit.table} ${edit.chain}` : edit.table;
        return `  ${plain(place)}  ${editText(edit, colours)}`;
      });
      return [head, ...lines, ...other.map((line) => `  ${plain(line)}`)].join('\n');
    })
    .join('\n');
}

/** Local time to the millisecond. */
function clock(time: number): string {
  const date = new Date(time * 1000);
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  return `${part(date.getHours(), 2)}:${part(date.getMinutes(), 2)}:${part(date.getSeconds(), 2)}.${part(date.getMilliseconds(), 3)}`;
}
