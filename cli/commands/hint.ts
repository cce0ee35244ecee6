import { Command } from 'commander';
import { costOf, type OpenedHint, openedHints, openNextHint } from '../../engine/sessions/hints.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { findSession } from '../../engine/sessions/session.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { coloursFor } from '../output/colour.ts';
import { pointsText } from '../output/hints.ts';
import { markdownText } from '../output/markdown.ts';
import { print, printJson } from '../output/print.ts';
import { textWidth } from '../output/text.ts';

export function hintCommand(): Command {
  return new Command('hint')
    .argument('[session]', 'may be left out where one session is running')
    .option('-a, --all', 'list the opened ones and open none')
    .option('--json', 'print the opened hints as JSON')
    .addHelpText(
      'after',
      `
Hints are opened one by one. What a hint costs is taken off the session's score; before one is opened you are told its cost.

Examples:
  hookpoint hint redirect-7k2f
  hookpoint hint redirect-7k2f --all`,
    )
    .action((text: string | undefined, options: { all?: boolean; json?: boolean }) => {
      using store = openStore(findHome());
      const session = findSession(store, text);
      const fresh = options.all ? null : openNextHint(store, session);
      const opened = openedHints(store, session);
      const all = session.instance.hints;
      if (options.json) {
        const next = all[opened.length]?.cost ?? null;
        const of = { session: session.id, total: all.length, cost: costOf(opened), nextCost: next };
        return printJson({ ...of, new: fresh?.number ?? null, opened });
      }
      const shown = options.all ? opened : fresh ? [fresh] : [];
      print([...shown.map((hint) => hintText(hint, all.length)), rest(opened, all)].join('\n\n'));
    });
}

function hintText({ number, text, cost }: OpenedHint, total: number): string {
  const colours = coloursFor(process.stdout);
  const price = cost === 0 ? '' : colours.dim(` (${pointsText(cost)})`);
  const body = markdownText(text, { colours, width: textWidth() });
  return `${colours.bold(`Hint ${number} of ${total}`)}${price}\n${body}`;
}

/** What is left, and what the next one would cost. */
function rest(opened: readonly OpenedHint[], all: readonly { readonly cost: number }[]): string {
  if (all.length === 0) return 'The lab has no hints.';
  const next = all[opened.length];
  if (next === undefined)
    return `All ${all.length} are open; they cost ${pointsText(costOf(opened))}. --all lists them.`;
  return `${opened.length} of ${all.length} are open. The next one costs ${pointsText(next.cost)}.`;
}
