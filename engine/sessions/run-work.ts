import { z } from 'zod';
import { HookpointError } from '../contract/error.ts';
import type { ScriptResult } from '../packs/index.ts';
import type { Container } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { execArgv } from '../topology/index.ts';

/** What images/lab-node/programs/run_work.py prints. */
const resultSchema = z.object({
  exitCode: z.number(),
  timedOut: z.boolean(),
  stdout: z.string(),
  stderr: z.string(),
});

/** Seconds that stopping a work and telling about it may take. */
const grace = 60;

/** The kernel takes no longer argument (execve(2), MAX_ARG_STRLEN), and the script is one. */
const longestScript = 128 * 1024 - 1;

/**
 * Runs a script of somebody's in a node, as the learner there, for at most so many seconds; what it then still runs is killed. What it leaves
 * in the background otherwise lives on. Of each output the first 64 KB are kept. BAD_INPUT for a script that is too long.
 */
export async function runWork(
  container: Container,
  node: string,
  script: string,
  options: { readonly seconds: number; readonly signal?: AbortSignal | undefined },
): Promise<ScriptResult> {
  if (Buffer.byteLength(script) > longestScript) {
    throw new HookpointError('BAD_INPUT', `The script for ${node} is longer than ${longestScript} bytes.`, {
      remedy: 'Part it into several steps of a .yaml file.',
    });
  }
  const { seconds, signal } = options;
  const program = ['python3', '-I', '-S', '-B', `${layout.programs}/run_work.py`, node, String(seconds)];
  const { exitCode, stdout, stderr } = await container.exec(
    [...program, ...execArgv(node, ['/bin/bash', '-c', script])],
    { timeout: (seconds + grace) * 1000, ...(signal ? { signal } : {}) },
  );
  if (exitCode !== 0) {
    throw new HookpointError('NODE_FAILED', `The script could not be run on ${node}: ${stderr.trim().slice(-500)}`, {
      remedy: 'Try again. If it fails again, `hookpoint doctor` says whether this machine has what nodes need.',
    });
  }
  return resultSchema.parse(JSON.parse(stdout));
}
