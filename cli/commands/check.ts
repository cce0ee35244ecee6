import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import type { Report } from '../../engine/contract/report.ts';
import { exitCodeOf } from '../../engine/grading/index.ts';
import { checkSession } from '../../engine/sessions/check.ts';
import { findSession } from '../../engine/sessions/session.ts';
import { openWorkspace } from '../../engine/sessions/workspace.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { openProgress } from '../output/progress.ts';
import { reportText } from '../output/report-text.ts';
import { paragraphs, plain, textWidth, wrap } from '../output/text.ts';
import { writeOutput } from '../write-output.ts';

export function checkCommand(): Command {
  return new Command('check')
    .argument('[session]', 'may be left out where one session is running')
    .option('-v, --verbose', 'show the checks of what passed too')
    .option('--junit <file>', 'write the report as JUnit XML as well; - for stdout')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Exit codes: 0 passed, 1 a criterion failed or was not reached, 3 something could not be checked.

Examples:
  hookpoint check redirect-7k2f
  hookpoint check redirect-7k2f --json
  hookpoint check redirect-7k2f --junit report.xml`,
    )
    .action(async (text: string | undefined, options: { verbose?: boolean; junit?: string; json?: boolean }) => {
      requireOneOutput(options);
      const signal = interruptSignal();
      await using workspace = await openWorkspace({ signal });
      const session = findSession(workspace.store, text);
      const report = await checkWithProgress(() => checkSession(workspace, session, signal));
      await printReport(report, options);
      const { explain } = session.instance;
      if (report.passed && explain && !options.json) print(`\n${wrap(plain(paragraphs(explain)), textWidth())}`);
    });
}

async function checkWithProgress(check: () => Promise<Report>): Promise<Report> {
  using progress = openProgress({ quiet: !process.stderr.isTTY });
  progress.report({ stage: 'Checking' });
  return await check();
}

/** Two reports on one stdout could be read by nobody. */
export function requireOneOutput({ junit, json }: { readonly junit?: string; readonly json?: boolean }): void {
  if (!json || junit !== '-') return;
  throw new HookpointError('USAGE', '--json and --junit - both write to stdout.', {
    remedy: 'Leave one out, or name a file after --junit.',
  });
}

/** Prints a report as asked and sets the exit code that goes with it. */
export async function printReport(
  report: Report,
  options: { verbose?: boolean; junit?: string; json?: boolean },
): Promise<void> {
  if (options.junit !== undefined) {
    // Its XML library takes longer to load than many a check takes.
    const { toJUnit } = await import('../../engine/grading/junit.ts');
    await writeOutput(options.junit, toJUnit(report));
  }
  if (options.json) printJson(report);
  else if (options.junit !== '-') {
    const paint = coloursFor(process.stdout);
    print(reportText(report, { paint, all: options.verbose ?? false, width: textWidth() }));
  }
  process.exitCode = exitCodeOf(report);
}
