import { spawnSync } from 'node:child_process';

/** Runs one command to its end under a headline; its output passes through. The exit status, or the signal that ended it. */
export function runStep(name: string, [command = '', ...argv]: readonly string[]): number | string {
  console.log(`\n== ${name}`);
  const { status, signal, error } = spawnSync(command, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.error(error.message);
  return status ?? signal ?? 'nothing: it could not be started';
}
