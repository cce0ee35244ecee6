import { setTimeout as sleep } from 'node:timers/promises';
import type { Report, ScriptRun } from '../contract/report.ts';
import type { RunningLab } from './lab-runner.ts';
import type { Step } from './steps-schema.ts';

/** What came of a list of steps. */
export interface StepsOutcome {
  /** Steps that could not be done or did not find what they expected, in words. */
  readonly failures: readonly string[];
  /** Scripts that ended with another status than 0: no failure by itself, but often why a verdict is not as declared. */
  readonly exits: readonly string[];
  /** Every `run` that was begun, in order. */
  readonly scripts: readonly ScriptRun[];
}

/** How often a `wait` asks again. */
const waitMilliseconds = 100;

/** Does the steps one after another in a running lab. A failed wait or check ends them. */
export async function runSteps(lab: RunningLab, steps: readonly Step[], signal?: AbortSignal): Promise<StepsOutcome> {
  const exits: string[] = [];
  const scripts: ScriptRun[] = [];
  for (const [index, step] of steps.entries()) {
    signal?.throwIfAborted();
    const failure = await runStep(lab, step, { exits, scripts }, signal);
    // One script alone has no steps that could be counted.
    if (failure) return { failures: [steps.length === 1 ? failure : `step ${index + 1}: ${failure}`], exits, scripts };
  }
  return { failures: [], exits, scripts };
}

async function runStep(
  lab: RunningLab,
  step: Step,
  { exits, scripts }: { readonly exits: string[]; readonly scripts: ScriptRun[] },
  signal?: AbortSignal,
): Promise<string | null> {
  if ('run' in step) {
    const begin = performance.now();
    const { exitCode, stdout, stderr, timedOut } = await lab.run(step.node, step.run, signal);
    const seconds = secondsSince(begin);
    const script = firstCommand(step.run);
    scripts.push({ node: step.node, script, exitCode, timedOut, seconds, stdout: tail(stdout), stderr: tail(stderr) });
    if (timedOut) return `'${script}' on ${step.node} did not end in its time and was stopped`;
    if (exitCode !== 0) exits.push(`'${script}' on ${step.node} exited ${exitCode}: ${shorten(stderr)}`);
    return null;
  }
  if ('answer' in step) {
    await lab.answer(step.answer, String(step.value), signal);
    return null;
  }
  if ('restart' in step) {
    await lab.restart(step.restart, signal);
    return null;
  }
  if ('check' in step) return unexpectedVerdicts(await lab.check(signal), step.check);
  const { node, seconds } = step.wait;
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const { exitCode } = await lab.run(node, step.wait.for, signal);
    if (exitCode === 0) return null;
    if (performance.now() > end) return `'${firstCommand(step.wait.for)}' on ${node} was not true within ${seconds} s`;
    await sleep(waitMilliseconds, undefined, signal ? { signal } : {});
  }
}

function unexpectedVerdicts(report: Report, expected: Readonly<Record<string, string>>): string | null {
  const wrong = Object.entries(expected).flatMap(([id, verdict]) => {
    const found = report.criteria.find((criterion) => criterion.id === id)?.verdict ?? 'not there';
    return found === verdict ? [] : [`${id} is ${found}, declared ${verdict}`];
  });
  return wrong.length > 0 ? wrong.join('; ') : null;
}

/** What a script is called: its first command; that it goes on is said, for lines put together would read as one wrong command. */
function firstCommand(script: string): string {
  const lines = script.split('\n').filter((line) => line.trim() !== '');
  const commands = lines.filter((line) => !/^\s*#/.test(line));
  const [first = ''] = commands.length > 0 ? commands : lines;
  const more = Math.max(commands.length, 1) - 1;
  return more === 0 ? shorten(first) : `${shorten(first)} (and ${more} more line${more === 1 ? '' : 's'})`;
}

function shorten(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

/** To the millisecond. */
export const secondsSince = (begin: number): number => Math.round(performance.now() - begin) / 1000;

const tailLines = 20;
const tailCharacters = 2000;

/** The last lines of an output: enough to see why a script failed. */
function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-tailLines).join('\n').slice(-tailCharacters);
}
