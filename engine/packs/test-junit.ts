import { create } from 'xmlbuilder2';
import { xmlText } from '../grading/xml-text.ts';
import type { CaseResult, PackTest } from './test-pack.ts';

/** A pack's test as JUnit XML: a suite for each lab, a case for each solution and mistake. */
export function packTestToJUnit(test: PackTest): string {
  const root = create({ version: '1.0', encoding: 'UTF-8' }).ele('testsuites', {
    name: `${test.pack} ${test.version}`,
  });
  const labs = [...new Set(test.cases.map((one) => one.lab))];
  for (const lab of labs) {
    const cases = test.cases.filter((one) => one.lab === lab);
    const missing = test.withoutMistake.filter((name) => name.startsWith(`${lab}/`));
    const suite = root.ele('testsuite', {
      name: `${test.pack}/${lab}`,
      tests: cases.length + missing.length,
      failures: cases.filter((one) => one.outcome === 'failed').length + missing.length,
      errors: cases.filter((one) => one.outcome === 'error').length,
      time: seconds(cases.reduce((sum, one) => sum + one.elapsedMs, 0)),
    });
    for (const one of cases) {
      const name = `${one.kind} ${one.name} (seed ${one.seed})`;
      const entry = suite.ele('testcase', { name, classname: `${test.pack}.${lab}`, time: seconds(one.elapsedMs) });
      if (one.outcome !== 'passed') describe(entry, one);
    }
    for (const name of missing) {
      const entry = suite.ele('testcase', {
        name: `a mistake for ${name}`,
        classname: `${test.pack}.${lab}`,
        time: '0',
      });
      entry.ele('failure', { message: `No mistake makes ${name} fail.` });
    }
  }
  return root.end({ prettyPrint: true });
}

function describe(entry: ReturnType<ReturnType<typeof create>['ele']>, { outcome, messages }: CaseResult): void {
  const message = xmlText(messages[0] ?? outcome);
  entry.ele(outcome === 'failed' ? 'failure' : 'error', { message }).txt(xmlText(messages.join('\n')));
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3);
