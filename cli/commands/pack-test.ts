import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type CaseResult, loadPack, type PackTest, packTestToJUnit, testPack } from '../../engine/packs/index.ts';
import { openLabRunner } from '../../engine/sessions/lab-runner.ts';
import { interruptSignal } from '../interrupt.ts';
import { coloursFor } from '../output/colour.ts';
import { notice, print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';

interface Options {
  readonly lab?: readonly string[];
  readonly parallel: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly junit?: string;
}

export function packTestCommand(): Command {
  return new Command('test')
    .description('run every solution and mistake of a pack, each in a fresh lab')
    .argument('<folder>', 'a folder with a pack.yaml')
    .option('--lab <id...>', 'these labs only')
    .option('--parallel <n>', 'how many run at once', wholeNumber, 2)
    .option('--seed <n>', 'the seed that parameters are drawn from', wholeNumber, 1)
    .option('--json', 'print the results as JSON')
    .option('--junit <file>', 'write the results as JUnit XML')
    .addHelpText(
      'after',
      '\nExamples:\n  hookpoint pack test labs/netfilter\n  hookpoint pack test labs/netfilter --lab redirect --junit results.xml',
    )
    .action(async (folder: string, options: Options) => {
      const pack = await loadPack(folder);
      await using runner = await openLabRunner({ signal: interruptSignal() });
      const test = await testPack(pack, runner, {
        ...(options.lab ? { labs: options.lab } : {}),
        parallel: options.parallel,
        seed: options.seed,
        signal: interruptSignal(),
        onResult: ({ lab, kind, name, outcome }) => notice(`${lab}: ${kind} ${name}: ${outcome}`),
      });
      if (options.junit) await writeFile(options.junit, packTestToJUnit(test));
      if (options.json) printJson(test);
      else print(testText(test));
      if (!test.passed)
        process.exitCode = test.cases.some((one) => one.outcome === 'failed') || !hasErrors(test) ? 1 : 3;
    });
}

const hasErrors = (test: PackTest): boolean => test.cases.some((one) => one.outcome === 'error');

/** A line for each case, what is wrong below it, and the count at the end. */
function testText(test: PackTest): string {
  const colours = coloursFor(process.stdout);
  const paint = { passed: colours.green, failed: colours.red, error: colours.yellow };
  const rows = test.cases.map((one) => [
    paint[one.outcome](one.outcome),
    one.lab,
    one.kind,
    one.seed === 1 ? one.name : `${one.name} (seed ${one.seed})`,
    `${(one.elapsedMs / 1000).toFixed(1)} s`,
  ]);
  const wrong = test.cases.filter((one) => one.outcome !== 'passed').map(caseText);
  const missing = test.withoutMistake.map((name) => `No mistake makes ${name} fail.`);
  const few = test.fewSolutions.map((lab) => `${lab} has fewer than two solutions.`);
  const count = (outcome: CaseResult['outcome']) => test.cases.filter((one) => one.outcome === outcome).length;
  const sum = `${count('passed')} passed, ${count('failed')} failed, ${count('error')} could not be run`;
  return [table(rows), ...wrong, ...missing, ...few, sum].filter(Boolean).join('\n');
}

function caseText({ lab, kind, name, seed, messages }: CaseResult): string {
  return `${lab} ${kind} ${name} (seed ${seed}):\n${messages.map((message) => `  ${message}`).join('\n')}`;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}
