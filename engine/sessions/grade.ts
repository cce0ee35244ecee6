import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { HookpointError } from '../contract/error.ts';
import type { GradedWork, Report } from '../contract/report.ts';
import { instantiate, type LabInstance, parseStepsFile, runSteps, type Step, secondsSince } from '../packs/index.ts';
import type { FoundLab } from './catalog.ts';
import { type LabRunnerOptions, openLabRunner } from './lab-runner.ts';

/** A report that says what was run for it. */
export type GradedReport = Report & { readonly work: GradedWork };

/** Runs a learner's script (bash, on one node) or a steps file in a fresh lab and gives the marks. The lab is always ended. */
export async function gradeWork(
  found: FoundLab,
  work: { readonly file: string; readonly node?: string | undefined; readonly seed: number },
  options: LabRunnerOptions,
): Promise<GradedReport> {
  const instance = instantiate(found.lab, work.seed);
  const steps = await readSteps(work.file, found, instance, work.node);
  await using runner = await openLabRunner(options);
  const lab = await runner.start(instance, options.signal);
  try {
    options.progress?.({ stage: 'Running the work' });
    const begin = performance.now();
    const { failures, scripts } = await runSteps(lab, steps, options.signal);
    const seconds = secondsSince(begin);
    options.progress?.({ stage: 'Grading' });
    const report = await lab.check(options.signal);
    const of = { file: work.file, seed: work.seed, pack: instance.pack, packVersion: found.version };
    return { ...report, work: { ...of, seconds, scripts: [...scripts], failures: [...failures] } };
  } finally {
    await lab.stop();
  }
}

async function readSteps(
  file: string,
  { lab }: FoundLab,
  instance: LabInstance,
  node: string | undefined,
): Promise<readonly Step[]> {
  const work = await readText(file);
  if (/\.ya?ml$/i.test(file)) return parseStepsFile(work, file, instance, lab.parameters);
  const nodes = Object.keys(instance.topology.nodes);
  const remedy = `Say one of them with --node: ${nodes.join(', ')}.`;
  if (node === undefined && nodes.length !== 1) {
    throw new HookpointError('USAGE', 'The lab has more than one node, and a script runs on one.', {
      remedy: `${remedy} A steps file (.yaml) may use them all.`,
    });
  }
  const on = node ?? nodes[0] ?? '';
  if (!nodes.includes(on)) throw new HookpointError('NOT_FOUND', `The lab has no node "${on}".`, { remedy });
  return [{ run: work, node: on }];
}

async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const why =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new HookpointError('BAD_INPUT', `The file ${file} ${why}.`, {
      remedy: 'Name a bash script, or a steps file that ends in .yaml.',
      cause: error,
    });
  }
}
