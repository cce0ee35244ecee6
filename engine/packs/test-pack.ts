import { asHookpointError } from '../contract/error.ts';
import type { Report, Verdict } from '../contract/report.ts';
import { instantiate } from './instantiate.ts';
import type { LabRunner } from './lab-runner.ts';
import type { Lab, LabInstance, Pack, StepsSource } from './pack.ts';
import type { ParameterValue } from './parameters.ts';
import { runSteps } from './run-steps.ts';
import { seedFor } from './seeds.ts';
import type { Mistake, Solution } from './steps-schema.ts';
import { valueAt } from './walk-data.ts';

/** One run of a solution or mistake. */
export interface CaseResult {
  readonly lab: string;
  readonly kind: 'solution' | 'mistake';
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  /** error: the machine or the lab could not do it; the pack is neither proved nor disproved. */
  readonly outcome: 'passed' | 'failed' | 'error';
  /** Why it is not passed, in words, one line each. */
  readonly messages: readonly string[];
  readonly verdicts: Readonly<Record<string, Verdict>>;
  readonly elapsedMs: number;
}

export interface PackTest {
  readonly pack: string;
  readonly version: string;
  readonly passed: boolean;
  readonly cases: readonly CaseResult[];
  /** Criteria that no mistake makes fail, as LAB/CRITERION. */
  readonly withoutMistake: readonly string[];
  /** Labs with fewer than two solutions. */
  readonly fewSolutions: readonly string[];
}

export interface TestOptions {
  /** Labs to test; all where it is left out. */
  readonly labs?: readonly string[];
  /** How many run at once. */
  readonly parallel?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Called once before the first case, with how many there are. */
  readonly onPlan?: (cases: number) => void;
  /** Called as each case ends, in whatever order. */
  readonly onResult?: (result: CaseResult) => void;
}

interface Case {
  readonly lab: Lab;
  readonly kind: 'solution' | 'mistake';
  readonly source: StepsSource;
  readonly seed: number;
}

/** Runs every solution and every mistake of a pack, each in a fresh lab. */
export async function testPack(pack: Pack, runner: LabRunner, options: TestOptions = {}): Promise<PackTest> {
  const labs = pack.labs.filter((lab) => options.labs === undefined || options.labs.includes(lab.id));
  const cases = labs.flatMap((lab) => casesOf(lab, options.seed ?? 1));
  options.onPlan?.(cases.length);
  const results: CaseResult[] = [];
  const queue = cases.entries();
  const work = async () => {
    for (const [index, one] of queue) {
      options.signal?.throwIfAborted();
      const result = await runCase(one, runner, options.signal);
      results[index] = result;
      options.onResult?.(result);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.max(1, options.parallel ?? 2) }, work));
  // All have come to their end, and every lab is stopped: only now may the runner be closed.
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
  const withoutMistake = labs.flatMap(uncovered);
  const fewSolutions = labs.filter((lab) => lab.solutions.length < 2).map((lab) => lab.id);
  return {
    pack: pack.manifest.id,
    version: pack.manifest.version,
    passed:
      results.every((one) => one.outcome === 'passed') && withoutMistake.length === 0 && fewSolutions.length === 0,
    cases: results,
    withoutMistake,
    fewSolutions,
  };
}

function casesOf(lab: Lab, seed: number): Case[] {
  const of = (kind: Case['kind'], sources: readonly StepsSource[]) =>
    sources.flatMap((source) => seedsOf(lab, source, seed).map((one) => ({ lab, kind, source, seed: one })));
  return [...of('solution', lab.solutions), ...of('mistake', lab.mistakes)];
}

/** The seeds that a file is run with: one for each value of its `each`, else the one that was asked for. */
function seedsOf(lab: Lab, { source }: StepsSource, seed: number): readonly number[] {
  const each = valueAt(source.value, ['each']);
  const parameter = typeof each === 'string' ? lab.parameters[each] : undefined;
  if (typeof each !== 'string' || !parameter || !('choice' in parameter)) return [seed];
  return parameter.choice.flatMap((value: ParameterValue) => seedFor(lab.parameters, each, value) ?? []);
}

async function runCase(
  { lab, kind, source, seed }: Case,
  runner: LabRunner,
  signal?: AbortSignal,
): Promise<CaseResult> {
  const begin = performance.now();
  const frame = { lab: lab.id, kind, name: source.name, seed };
  const title = String(valueAt(source.source.value, ['title']) ?? source.name);
  const ended = () => Math.round(performance.now() - begin);
  try {
    const instance = instantiate(lab, seed);
    const declared = declaredOf(instance, kind, source.name);
    const { messages, verdicts } = await play(instance, declared, runner, signal);
    const outcome = messages.length === 0 ? 'passed' : undecided(verdicts) ? 'error' : 'failed';
    return { ...frame, title: declared.title, outcome, messages, verdicts, elapsedMs: ended() };
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    const error = asHookpointError(thrown);
    const messages = [`${error.code}: ${error.message}`, ...error.problems.map((problem) => problem.message)];
    return { ...frame, title, outcome: 'error', messages, verdicts: {}, elapsedMs: ended() };
  }
}

type Declared = Solution & Partial<Pick<Mistake, 'fails'>>;

function declaredOf(instance: LabInstance, kind: Case['kind'], name: string): Declared {
  const list: readonly (Declared & { readonly name: string })[] =
    kind === 'solution' ? instance.solutions : instance.mistakes;
  const found = list.find((one) => one.name === name);
  if (!found) throw new Error(`${kind} ${name} is not in its own lab`);
  return found;
}

async function play(instance: LabInstance, declared: Declared, runner: LabRunner, signal?: AbortSignal) {
  const lab = await runner.start(instance, signal);
  try {
    const { failures, exits } = await runSteps(lab, declared.steps, signal);
    const report = await lab.check(signal);
    const messages = [...failures, ...verdictMessages(report, declared.fails ?? [])];
    const verdicts = Object.fromEntries(report.criteria.map(({ id, verdict }) => [id, verdict]));
    return { messages: messages.length > 0 ? [...messages, ...exits] : [], verdicts };
  } finally {
    await lab.stop();
  }
}

/** Where the report differs from what was declared: the named criteria do not pass, all others do. */
function verdictMessages(report: Report, fails: readonly string[]): string[] {
  return report.criteria.flatMap((criterion) => {
    const { id, verdict } = criterion;
    const passes = verdict === 'passed';
    if (verdict === 'could-not-check') return [`${id} could not be checked: ${reasonOf(criterion)}`];
    if (passes === !fails.includes(id)) return [];
    return passes ? [`${id} passed, declared to fail`] : [`${id} is ${verdict}: ${reasonOf(criterion)}`];
  });
}

function reasonOf({ checks }: Report['criteria'][number]): string {
  const telling = checks.filter((check) => check.outcome !== 'met');
  return (
    telling.map((check) => `${check.message} (expected ${check.expected}; found ${check.actual})`).join(' / ') ||
    'no reason given'
  );
}

const undecided = (verdicts: Readonly<Record<string, Verdict>>): boolean =>
  Object.values(verdicts).includes('could-not-check');

function uncovered(lab: Lab): string[] {
  const { criteria, mistakes } = instantiate(lab, 0);
  const failed = new Set(mistakes.flatMap((mistake) => mistake.fails));
  return criteria.filter(({ id }) => !failed.has(id)).map(({ id }) => `${lab.id}/${id}`);
}
