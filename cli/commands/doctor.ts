import { Command } from 'commander';
import { examine } from '../../engine/host/doctor/examine.ts';
import type { Finding } from '../../engine/host/doctor/finding.ts';
import { fix } from '../../engine/host/doctor/fix.ts';
import { interruptSignal } from '../interrupt.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { print, printJson } from '../output/print.ts';
import { openProgress } from '../output/progress.ts';
import { plain, textWidth, wrap } from '../output/text.ts';

/** `doctor`: what this machine has of what labs need. Exit 0 when labs can run, else 3. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .option('--fix', 'install and start Docker (Debian or Ubuntu, as root) and build the image')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', '\nExamples:\n  hookpoint doctor\n  sudo hookpoint doctor --fix')
    .action(async (options: { fix?: boolean; json?: boolean }) => {
      const signal = interruptSignal();
      using progress = openProgress();
      if (options.fix) await fix(progress.report, signal);
      const findings: Finding[] = [];
      for await (const finding of examine({ progress: progress.report, signal, buildImage: options.fix === true })) {
        findings.push(finding);
      }
      progress[Symbol.dispose]();
      if (options.json) printJson({ findings });
      else print(findings.map((finding) => text(finding, coloursFor(process.stdout))).join('\n'));
      if (findings.some(({ status }) => status === 'failed')) process.exitCode = 3;
    });
}

function text({ id, status, message, remedy }: Finding, colours: Colours): string {
  const signs = { ok: colours.green('ok     '), warning: colours.yellow('warning'), failed: colours.red('failed ') };
  const indent = ' '.repeat(22);
  const width = textWidth();
  const lines = [wrap(plain(message), width, indent, `${signs[status]}  ${id.padEnd(11)}  `)];
  if (remedy !== undefined) lines.push(colours.dim(wrap(plain(remedy), width, indent)));
  return lines.join('\n');
}
