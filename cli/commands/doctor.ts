import { Command } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { examine } from '../../engine/host/doctor/examine.ts';
import type { Finding } from '../../engine/host/doctor/finding.ts';
import { canInstall, installDocker, installImageTools } from '../../engine/host/doctor/install-docker.ts';
import type { Progress } from '../../engine/runtime/container.ts';
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
      const findings = await examine({ progress: progress.report, signal, buildImage: options.fix === true });
      progress[Symbol.dispose]();
      if (options.json) printJson({ findings });
      else print(findings.map((finding) => text(finding, coloursFor(process.stdout))).join('\n'));
      if (findings.some(({ status }) => status === 'failed')) process.exitCode = 3;
    });
}

async function fix(progress: Progress, signal: AbortSignal): Promise<void> {
  if (!(await canInstall())) return;
  try {
    await installDocker({ progress, signal });
    await installImageTools({ progress, signal });
  } catch (error) {
    // What could not be mended is among the findings; a full disk would hide behind them.
    if (error instanceof HookpointError && error.code === 'DOCKER_DENIED') return;
    throw error;
  }
}

function text({ id, status, message, remedy }: Finding, colours: Colours): string {
  const signs = { ok: colours.green('ok     '), warning: colours.yellow('warning'), failed: colours.red('failed ') };
  const indent = ' '.repeat(22);
  const width = textWidth();
  const lines = [wrap(plain(message), width, indent, `${signs[status]}  ${id.padEnd(11)}  `)];
  if (remedy !== undefined) lines.push(colours.dim(wrap(plain(remedy), width, indent)));
  return lines.join('\n');
}
