import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { instantiate, type LabInstance } from '../../engine/packs/index.ts';
import { findLab } from '../../engine/sessions/catalog.ts';
import { findHome, type Home } from '../../engine/sessions/home.ts';
import { findAnySession, findSession } from '../../engine/sessions/session.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { commandName } from '../command-name.ts';
import { coloursFor } from '../output/colour.ts';
import { hintsSentence } from '../output/hints.ts';
import { markdownText } from '../output/markdown.ts';
import { print, printJson } from '../output/print.ts';
import { choicesText } from '../output/questions.ts';
import { plain, textWidth } from '../output/text.ts';
import { wholeNumber } from '../whole-number.ts';

interface Options {
  readonly seed?: number;
  readonly raw?: boolean;
  readonly json?: boolean;
}

/** A guide's values: a session's own, or those that a seed gives. */
interface Shown {
  readonly session: string | null;
  readonly instance: LabInstance;
}

export function guideCommand(): Command {
  return new Command('guide')
    .argument('[what]', 'a session, or PACK/LAB; may be left out where one session is running')
    .option('--seed <n>', "of a lab that is not running: fill in this number's values (else 1)", wholeNumber)
    .option('--raw', 'the Markdown as it is, as everywhere but on a terminal')
    .option('--json', 'print the guide and the questions as JSON')
    .addHelpText(
      'after',
      `
Examples:
  hookpoint guide
  hookpoint guide redirect-7k2f
  hookpoint guide netfilter/observe --seed 7
  hookpoint guide redirect-7k2f --raw > guide.md`,
    )
    .action(async (what: string | undefined, options: Options) => {
      const shown = await find(findHome(), what, options.seed);
      if (options.json) return printJson(guideJson(shown));
      const markdown = guideMarkdown(shown);
      if (options.raw || !process.stdout.isTTY) return print(plain(markdown));
      print(markdownText(markdown, { colours: coloursFor(process.stdout), width: textWidth() }));
    });
}

async function find(home: Home, what: string | undefined, seed: number | undefined): Promise<Shown> {
  if (what?.includes('/') || (what !== undefined && seed !== undefined)) {
    const { lab } = await findLab(home, what);
    return { session: null, instance: instantiate(lab, seed ?? 1) };
  }
  if (seed !== undefined) {
    throw new HookpointError('USAGE', 'A session has its own seed.', {
      remedy: 'Name a lab as well, PACK/LAB, or leave --seed out.',
    });
  }
  using store = openStore(home);
  const session = what === undefined ? findSession(store, what) : findAnySession(store, what);
  return { session: session.id, instance: session.instance };
}

function guideJson({ session, instance }: Shown) {
  const { pack, id, seed, title, summary, guide, questions, hints } = instance;
  return {
    session,
    lab: `${pack}/${id}`,
    seed,
    title,
    summary,
    guide,
    questions: questions.map(({ id: name, ask, kind, choices }) => ({ id: name, ask, kind, choices: choices ?? null })),
    hints: hints.length,
  };
}

/** The guide, and after it what a learner has to know to answer. */
function guideMarkdown({ session, instance }: Shown): string {
  const { guide, questions, hints } = instance;
  const hookpoint = `${commandName()} `;
  const of = session ?? 'SESSION';
  const parts = [guide.trimEnd()];
  if (questions.length > 0) {
    const list = questions.map(({ id, ask, choices }) => `- **${id}**: ${ask}${choicesText(choices)}`);
    parts.push('## Questions', list.join('\n'), `\`${hookpoint}answer ${of} QUESTION VALUE\` answers one.`);
  }
  if (hints.length > 0)
    parts.push('## Hints', `${hintsSentence(hints)} \`${hookpoint}hint ${of}\` opens the next one.`);
  return `${parts.join('\n\n')}\n`;
}
