import type { ContainerRuntime, ContainerState } from '../../engine/runtime/container.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { labels } from '../../engine/sessions/labels.ts';
import { runCli } from './cli.ts';

/** The containers that were started with a data folder. */
export function containersOf(runtime: ContainerRuntime, home: string): Promise<readonly ContainerState[]> {
  return runtime.list({ [labels.home]: findHome({ HOOKPOINT_HOME: home }).hash });
}

/** Starts a lab by the command line; the session's id. */
export async function startSession(home: string, lab: string, ...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(['start', lab, '--json', ...words], { home });
  if (exitCode !== 0) throw new Error(`start ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout).session;
}
