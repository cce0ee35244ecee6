import { randomUUID } from 'node:crypto';
import type { LabInstance, LabRunner, RunningLab } from '../packs/index.ts';
import type { Progress } from '../runtime/container.ts';
import { answerNow } from './answer.ts';
import { gradeNow } from './check.ts';
import { restoreHostLog } from './host-log.ts';
import { type Launched, launch } from './launch.ts';
import { lock } from './lock.ts';
import { restartNow } from './restart.ts';
import { runWork } from './run-work.ts';
import type { AnswerRow } from './store.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

export interface LabRunnerOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** Whether the host's kernel log may hear containers, where a lab needs that. */
  readonly hostLog: boolean;
  /** How long one script of the work may take. */
  readonly scriptSeconds?: number;
}

/** Scripts of solutions take seconds; one that takes minutes hangs. */
export const defaultScriptSeconds = 300;

/** Runs labs that are no learner's: for tests of packs and for grading a script. They are in no list, and `clean` finds them. */
export async function openLabRunner(options: LabRunnerOptions): Promise<LabRunner & AsyncDisposable> {
  const workspace = await openWorkspace(options.signal ? { signal: options.signal } : {});
  return {
    start: (instance, signal) => startLab(workspace, instance, options, signal ?? options.signal),
    async [Symbol.asyncDispose]() {
      await restoreHostLog(workspace);
      await workspace[Symbol.asyncDispose]();
    },
  };
}

async function startLab(
  workspace: Workspace,
  instance: LabInstance,
  options: LabRunnerOptions,
  signal: AbortSignal | undefined,
): Promise<RunningLab> {
  const id = `${instance.id}-run-${randomUUID().slice(0, 8)}`;
  const held = await lock(workspace.home, id, { signal });
  try {
    const request = { id, instance, version: 'run', hostLog: options.hostLog };
    const launched = await launch(workspace, request, { signal, progress: options.progress });
    return runningLab(id, instance, launched, held, options.scriptSeconds ?? defaultScriptSeconds);
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  }
}

function runningLab(
  id: string,
  instance: LabInstance,
  launched: Launched,
  held: Disposable,
  seconds: number,
): RunningLab {
  const { container, shell, baseline, hostLog } = launched;
  const answers: AnswerRow[] = [];
  return {
    run: (node, script, signal) => runWork(container, node, script, { seconds, signal }),
    answer: async (question, value, signal) => {
      answers.push(await answerNow(instance, question, value, shell.run, signal));
    },
    check: (signal) => gradeNow({ id, instance, baseline, answers, hostLog }, shell.run, signal),
    restart: (node, signal) => restartNow(id, instance, node, shell.run, signal),
    async stop() {
      await container.remove();
      await Promise.allSettled([shell[Symbol.asyncDispose]()]); // its container is gone: nothing is left to say
      held[Symbol.dispose]();
    },
  };
}
