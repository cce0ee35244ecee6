/**
 * Everything that has to hold, in one run: the static checks, the unit tests, the tests on real containers, the app in a browser and in
 * Electron. The last line counts all of them together; what was skipped is named with its reason.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checks } from './checks.ts';
import { runStep } from './run-step.ts';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** What vitest's JSON reporter writes, as far as it is used here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const total: Count = { passed: 0, failed: 0, skipped: 0 };
const folder = mkdtempSync(join(tmpdir(), 'hookpoint-test-'));

try {
  step('machine', ['node', 'cli/hookpoint.js', 'doctor', '--fix']);
  for (const [name, command] of checks) step(name, command);
  step('build of the app', ['node', 'scripts/build-app.ts']);
  suite('unit');
  suite('docker');
  suite('e2e');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

process.exitCode = total.failed > 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);

/** One command that counts as one test. */
function step(name: string, command: readonly string[]): void {
  const status = runStep(name, command);
  if (status === 0) total.passed++;
  else {
    total.failed++;
    console.log(`FAILED: ${name} (exit status ${status})`);
  }
}

function suite(project: string): void {
  const file = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const status = runStep(`${project} tests`, ['vitest', 'run', '--project', project, ...reporters]);
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    total.failed++;
    console.log(`FAILED: the ${project} suite wrote no report (exit status ${status}): ${error}`);
    return;
  }
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  for (const { name, status: fileStatus, assertionResults } of report.testResults) {
    // A file that could not be loaded has no test that failed.
    if (fileStatus === 'failed' && !assertionResults.some((test) => test.status === 'failed')) total.failed++;
    for (const test of assertionResults) {
      if (test.status !== 'passed' && test.status !== 'failed') console.log(`skipped: ${test.fullName} (${name})`);
    }
  }
  if (status !== 0 && report.success) {
    total.failed++;
    console.log(`FAILED: the ${project} suite ended with exit status ${status}`);
  }
}
