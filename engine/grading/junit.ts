import { create } from 'xmlbuilder2';
import type { CriterionResult, GradedWork, Report } from '../contract/report.ts';
import { xmlText } from './xml-text.ts';

/**
 * A report as JUnit XML: the lab is a test suite, a criterion a test case. failed is a failure, could-not-check an error, not-reached is
 * skipped; points stand as properties of the suite.
 */
export function toJUnit(report: Report): string {
  const count = (verdict: CriterionResult['verdict']) =>
    String(report.criteria.filter((one) => one.verdict === verdict).length);
  const totals = {
    tests: String(report.criteria.length),
    failures: count('failed'),
    errors: count('could-not-check'),
    skipped: count('not-reached'),
  };
  const root = create({ version: '1.0', encoding: 'UTF-8' }).ele('testsuites', { name: 'hookpoint', ...totals });
  const suite = root.ele('testsuite', {
    name: xmlText(report.lab),
    id: xmlText(report.session),
    ...totals,
    ...(report.work ? { time: String(report.work.seconds) } : {}),
  });
  const properties = suite.ele('properties');
  const property = (name: string, value: unknown) =>
    properties.ele('property', { name, value: xmlText(String(value)) });
  for (const name of ['session', 'score', 'possible', 'undecided', 'passed'] as const) property(name, report[name]);
  if (report.hints) property('hints-opened', report.hints.opened);
  if (report.hints) property('hints-cost', report.hints.cost);
  if (report.work) addWork(property, report.work);
  for (const criterion of report.criteria) addCase(suite, report, criterion);
  // Line ends would be lost in a property.
  for (const name of ['stdout', 'stderr'] as const) {
    const printed = (report.work?.scripts ?? []).map((script) => script[name]).filter(Boolean);
    if (printed.length > 0) suite.ele(name === 'stdout' ? 'system-out' : 'system-err').txt(xmlText(printed.join('\n')));
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

function addWork(property: (name: string, value: unknown) => void, { scripts, failures, ...work }: GradedWork): void {
  property('seed', work.seed);
  property('work', work.file);
  property('pack', work.pack);
  property('pack-version', work.packVersion);
  property('seconds', work.seconds);
  for (const [index, script] of scripts.entries()) {
    for (const name of ['node', 'script', 'exitCode', 'timedOut', 'seconds'] as const)
      property(`script-${index + 1}-${name}`, script[name]);
  }
  for (const failure of failures) property('failure', failure);
}

function addCase(suite: ReturnType<typeof create>, report: Report, criterion: CriterionResult): void {
  const test = suite.ele('testcase', { name: xmlText(criterion.id), classname: xmlText(report.lab) });
  const checks = criterion.checks.filter((check) => check.outcome !== 'met');
  const message = xmlText(checks[0]?.message ?? criterion.title);
  const text = xmlText(
    checks
      .map((check) => `${check.type}: ${check.message}\nexpected: ${check.expected}\nactual: ${check.actual}`)
      .join('\n\n'),
  );
  if (criterion.verdict === 'failed') test.ele('failure', { message, type: 'failed' }).txt(text);
  if (criterion.verdict === 'could-not-check') test.ele('error', { message, type: 'could-not-check' }).txt(text);
  if (criterion.verdict === 'not-reached') test.ele('skipped', { message });
  test.ele('system-out').txt(xmlText(`${criterion.title}: ${criterion.points} of ${criterion.possible} points`));
}
