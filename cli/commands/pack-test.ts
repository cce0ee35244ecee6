import { Command } from 'commander';
import { type CaseResult, labOf, loadPack, type Pack, type PackTest, testPack } from '../../engine/packs/index.ts';
import { packTestToJUnit } from '../../engine/packs/test-junit.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { openLabRunner } from '../../engine/sessions/lab-runner.ts';
import { openStore } from '../../engine/sessions/store.ts';
import { consentToHostLog } from '../host-log-consent.ts';
import { interruptSignal } from '../interrupt.ts';
import { type Colours, coloursFor } from '../output/colour.ts';
import { notice, print, printJson } from '../output/print.ts';
import { countingNumber, wholeNumber } from '../whole-number.ts';
import { writeOutput } from '../write-output.ts';

interface Options {
  readonly lab?: readonly string[];
  readonly parallel: number;
  readonly seed: number;
  readonly hostLog?: boolean;
  readonly junit?: string;
  readonly json?: boolean;
}

export function packTestCommand(): Command {
  return new Command('test')
    .description('run every solution and mistake of a pack, each in a fresh lab')
    .argument('<folder>', 'a folder with a pack.yaml')
    .option('--lab <id...>', 'these labs only')
    .option('--parallel <n>', 'how many run at once', countingNumber, 2)
    .option('--seed <n>', 'the seed that parameters are drawn from', wholeNumber, 1)
    .option('--host-log', 'allow log lines of containers in the kernel log, without asking')
    .option('--no-host-log', 'do not; criteria on log lines could then not be checked')
    .option('--junit <file>', 'write the results as JUnit XML as well; - for stdout')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  hookpoint pack test labs/netfilter\n  hookpoint pack test labs/netfilter --lab redirect --junit results.xml',
    )
    .action(async (folder: string, options: Options) => {
      const signal = interruptSignal();
      const asText = !options.json && options.junit !== '-';
      const pack = await loadPack(folder);
      const labs = options.lab?.map((id) => labOf(pack, id)) ?? pack.labs;
      using store = openStore(findHome());
      const needs = labs.flatMap(({ summary }) => summary.needs);
      const hostLog = await consentToHostLog(store, needs, options.hostLog);
      await using runner = await openLabRunner({ signal, hostLog });
      const test = await testPack(pack, runner, {
        ...(options.lab ? { labs: options.lab } : {}),
        parallel: options.parallel,
        seed: options.seed,
        signal,
        // Results come as they end; where stdout belongs to a program they are news on stderr.
        onResult: (one) => (asText ? print : notice)(caseLine(one, pack, coloursFor(process.stdout))),
      });
      if (options.junit !== undefined) await writeOutput(options.junit, packTestToJUnit(test));
      if (options.json) printJson(test);
      else if (asText) print(testText(test));
      if (!test.passed)
        process.exitCode = test.cases.some((one) => one.outcome === 'failed') || !hasErrors(test) ? 1 : 3;
    });
}

const hasErrors = (test: PackTest): boolean => test.cases.some((one) => one.outcome === 'error');

/** One result on a line; columns are as wide as the pack's names. */
function caseLine(one: CaseResult, pack: Pack, colours: Colours): string {
  const paint = { passed: colours.green, failed: colours.red, error: colours.yellow };
  const column = Math.max(...pack.labs.map(({ id }) => id.length));
  const name = one.seed === 1 ? one.name : `${one.name} (seed ${one.seed})`;
  const seconds = `${(one.elapsedMs / 1000).toFixed(1)} s`.padStart(7);
  const outcome = `${paint[one.outcome](one.outcome)}${' '.repeat(6 - one.outcome.length)}`;
  return `${outcome}  ${seconds}  ${one.lab.padEnd(column)}  ${one.kind.padEnd(8)}  ${name}`;
}

/** What is wrong, behind the results, and the count at the end. */
function testText(test: PackTest): string {
  const wrong = test.cases.filter((one) => one.outcome !== 'passed').map(caseText);
  const missing = test.withoutMistake.map((name) => `No mistake makes ${name} fail.`);
  const few = test.fewSolutions.map((lab) => `${lab} has fewer than two solutions.`);
  const count = (outcome: CaseResult['outcome']) => test.cases.filter((one) => one.outcome === outcome).length;
  const sum = `${count('passed')} passed, ${count('failed')} failed, ${count('error')} could not be run`;
  return [...wrong, ...missing, ...few, sum].filter(Boolean).join('\n');
}

function caseText({ lab, kind, name, seed, messages }: CaseResult): string {
  return `${lab} ${kind} ${name} (seed ${seed}):\n${messages.map((message) => `  ${message}`).join('\n')}`;
}
