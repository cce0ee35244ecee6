import { Command, InvalidArgumentError } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import type { ScriptRun } from '../../engine/contract/report.ts';
import { findLab } from '../../engine/sessions/catalog.ts';
import { gradeWork } from '../../engine/sessions/grade.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { defaultScriptSeconds } from '../../engine/sessions/lab-runner.ts';
import { gradeSessionFile } from '../../engine/sessions/record/grade-session.ts';
import { readSessionFile, sessionFileSuffix } from '../../engine/sessions/record/session-file.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { consentToHostLog } from '../host-log-consent.ts';
import { interruptSignal } from '../interrupt.ts';
import { notice, print } from '../output/print.ts';
import { openProgress } from '../output/progress.ts';
import { plain, textWidth, wrap } from '../output/text.ts';
import { wholeNumber } from '../whole-number.ts';
import { printReport, requireOneOutput } from './check.ts';

interface Options {
  readonly node?: string;
  readonly seed?: number;
  readonly timeout: number;
  readonly hostLog?: boolean;
  readonly verbose?: boolean;
  readonly junit?: string;
  readonly json?: boolean;
}

export function gradeCommand(): Command {
  return new Command('grade')
    .argument('<lab>', 'PACK/LAB, or the path of a lab; a session file alone says it itself')
    .argument('[work]', 'a bash script, steps in a .yaml file, or what `export` wrote; - for a script from stdin')
    .option('--node <node>', 'where the script runs; may be left out where the lab has one node')
    .option(
      '--seed <n>',
      "draw the lab's values from this number; 1 where it is left out, and a session file has its own",
      wholeNumber,
    )
    .option(
      '--timeout <seconds>',
      'stop a script of the work that takes longer, and grade',
      wholeSeconds,
      defaultScriptSeconds,
    )
    .option('--host-log', 'allow log lines of containers in the kernel log, without asking')
    .option('--no-host-log', 'do not; criteria on log lines could then not be checked')
    .option('-v, --verbose', 'show the checks of what passed too')
    .option('--junit <file>', 'write the report as JUnit XML as well; - for stdout')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
A script cannot answer a lab's questions: a steps file does (docs/teaching.md).
Exit codes: 0 passed, 1 a criterion failed or was not reached, 3 something could not be checked.

Examples:
  hookpoint grade netfilter/redirect homework.sh
  hookpoint grade netfilter/masquerade steps.yaml --json
  hookpoint grade redirect-7k2f.hookpoint-session
  hookpoint grade netfilter/counters fix.sh --node router --seed 7 --junit report.xml`,
    )
    .action(async (text: string, file: string | undefined, options: Options) => {
      requireOneOutput(options);
      const report = (file ?? text).endsWith(sessionFileSuffix)
        ? await gradeFile(file === undefined ? undefined : text, file ?? text, options)
        : await grade(text, file, options);
      for (const remark of report.work.remarks ?? []) notice(plain(remark));
      for (const failure of report.work.failures) notice(plain(failure));
      if (!options.json && options.junit !== '-') for (const script of report.work.scripts) printFailed(script);
      await printReport(report, options);
    });
}

/** A session as a learner exported it. */
async function gradeFile(lab: string | undefined, file: string, options: Options) {
  const signal = interruptSignal();
  const home = findHome();
  const session = await readSessionFile(file);
  const { pack, lab: id, seed } = session.manifest;
  const found = await findLab(home, lab ?? `${pack}/${id}`);
  if (found.lab.id !== id || (options.seed !== undefined && options.seed !== seed)) {
    throw new HookpointError('BAD_INPUT', `The session file is of ${pack}/${id} with seed ${seed}.`, {
      remedy: 'Name that lab and that seed, or neither.',
    });
  }
  using store = openStore(home);
  const hostLog = await consentToHostLog(store, found.lab.summary.needs, options.hostLog);
  using progress = openProgress();
  return await gradeSessionFile(found, { file, session }, { signal, progress: progress.report, hostLog });
}

async function grade(text: string, file: string | undefined, options: Options) {
  if (file === undefined) {
    throw new HookpointError('USAGE', 'The work is missing.', {
      remedy: `Name a script, a steps file, or a ${sessionFileSuffix} file after the lab.`,
    });
  }
  const signal = interruptSignal();
  const home = findHome();
  const found = await findLab(home, text);
  using store = openStore(home);
  const hostLog = await consentToHostLog(store, found.lab.summary.needs, options.hostLog);
  using progress = openProgress();
  const work = { file, node: options.node, seed: options.seed ?? 1 };
  return await gradeWork(found, work, { signal, progress: progress.report, hostLog, scriptSeconds: options.timeout });
}

/** Lines of a failed script's error output that are shown; the JSON has more. */
const shownLines = 5;

/** A script that ended with another status than 0 is no failure by itself, but often why a criterion is not passed. */
function printFailed({ node, script, exitCode, timedOut, stderr }: ScriptRun): void {
  if (exitCode === 0 && !timedOut) return;
  const how = timedOut ? 'was stopped: it did not end in its time' : `ended with exit status ${exitCode}`;
  const lines = plain(stderr).split('\n').filter(Boolean).slice(-shownLines);
  print(
    [
      wrap(plain(`The script on ${node} ${how}: ${script}`), textWidth(), '  ', ''),
      ...lines.map((line) => `  ${line}`),
      '',
    ].join('\n'),
  );
}

function wholeSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 86_400)
    throw new InvalidArgumentError('It takes whole seconds, from 1 to 86400.');
  return seconds;
}
