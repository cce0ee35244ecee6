import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { answerQuestion } from '../../engine/sessions/answer.ts';
import { findSession } from '../../engine/sessions/session.ts';
import type { Store } from '../../engine/sessions/store.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { print, printJson } from '../output/print.ts';
import { plain } from '../output/text.ts';

export function answerCommand(): Command {
  return new Command('answer')
    .argument('[words...]', '[SESSION] QUESTION VALUE; the session may be left out where one is running')
    .usage('[options] [SESSION] QUESTION VALUE')
    .option('--json', 'print what was stored as JSON')
    .addHelpText(
      'after',
      `
An answer is stored, right or wrong; the last one counts. A value that could be no answer is refused. \`hookpoint check\` says whether it is right.

Examples:
  hookpoint answer redirect-7k2f right-chain OUTPUT
  hookpoint answer observe-9m4c busiest-rule filter:INPUT:2
  hookpoint answer observe-9m4c dnat-target -- 10.0.0.2:80`,
    )
    .action(async (words: string[], options: { json?: boolean }) => {
      const [value, question, sessionText, ...more] = words.toReversed();
      if (value === undefined) {
        throw new HookpointError('USAGE', 'The question and the value are missing.', {
          remedy: 'hookpoint answer [SESSION] QUESTION VALUE; `hookpoint guide` and `start` print the questions.',
        });
      }
      if (question === undefined) throw valueMissing('QUESTION');
      if (more.length > 0) {
        throw new HookpointError('USAGE', `answer takes a question and a value, not ${words.length} words.`, {
          remedy: 'hookpoint answer [SESSION] QUESTION VALUE; a value with spaces stands in quotes.',
        });
      }
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      requireValue(workspace.store, words);
      const session = findSession(workspace.store, sessionText);
      const answer = await answerQuestion(workspace, session, question, value, signal);
      const stored = { session: session.id, question, value: answer.value, time: answer.time };
      if (options.json) printJson(stored);
      else print(`Stored for ${session.id}: ${question} is ${plain(value)}.`);
    });
}

/** `answer SESSION QUESTION` reads as a question and its value, which would be refused for the wrong reason. */
function requireValue(store: Store, [first = '', second = '', ...more]: readonly string[]): void {
  if (more.length > 0) return;
  const open = store.sessions().filter(({ status }) => status === 'running');
  const meant = open.find(({ id }) => id === first);
  if (meant?.instance.questions.some(({ id }) => id === second)) throw valueMissing(`${first} ${second}`);
}

function valueMissing(words: string): HookpointError {
  return new HookpointError('USAGE', 'The VALUE is missing: answer takes a question and a value.', {
    remedy: `hookpoint answer ${words === 'QUESTION' ? '[SESSION] QUESTION' : words} VALUE; a value with spaces stands in quotes.`,
  });
}
