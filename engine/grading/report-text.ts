import type { CheckResult, CriterionResult, Report, Verdict } from '../contract/report.ts';

/** What picocolors makes, as far as a report uses it. */
export interface Paint {
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

const plain = (text: string): string => text;
const noPaint: Paint = { green: plain, red: plain, yellow: plain, dim: plain, bold: plain };

const marks: Readonly<Record<Verdict, { readonly symbol: string; readonly paint: keyof Paint }>> = {
  passed: { symbol: '✔', paint: 'green' },
  failed: { symbol: '✘', paint: 'red' },
  'not-reached': { symbol: '○', paint: 'dim' },
  'could-not-check': { symbol: '?', paint: 'yellow' },
};

/** A report for a terminal; plain text unless colours are handed in. `all` shows the checks of what passed too. */
export function reportText(report: Report, options: { readonly paint?: Paint; readonly all?: boolean } = {}): string {
  const paint = options.paint ?? noPaint;
  const lines = [paint.bold(`${report.lab}  (session ${clean(report.session)})`), ''];
  for (const criterion of report.criteria) lines.push(...criterionLines(criterion, paint, options.all ?? false));
  lines.push('', totalLine(report, paint));
  return `${lines.join('\n')}\n`;
}

function criterionLines(criterion: CriterionResult, paint: Paint, all: boolean): string[] {
  const { symbol, paint: colour } = marks[criterion.verdict];
  const points = `${criterion.points}/${criterion.possible}`;
  const head = `${paint[colour](symbol)} ${clean(criterion.title)}  ${paint.dim(`${criterion.id}, ${criterion.verdict}, ${points}`)}`;
  const shown = criterion.checks.filter((check) => all || (criterion.verdict !== 'passed' && check.outcome !== 'met'));
  return [head, ...shown.flatMap((check) => checkLines(check, paint))];
}

function checkLines(check: CheckResult, paint: Paint): string[] {
  return [
    `    ${clean(check.message)}`,
    paint.dim(`      expected: ${clean(check.expected)}`),
    ...(check.outcome === 'unknown' ? [] : [paint.dim(`      found:    ${clean(check.actual)}`)]),
    ...walkLines(check).map((line) => `      ${line}`),
  ];
}

/** The packet's way, a line a rule that it came by; rules that did not match are counted, not listed, when there are many. */
function walkLines(check: CheckResult): string[] {
  const steps = check.outcome === 'met' ? [] : stepsOf(check.evidence);
  const passed = steps.filter((step) => step.matched !== false);
  const shown = steps.length <= 12 ? steps : passed;
  return shown.map((step) => {
    const sign = step.matched === true ? '→' : step.matched === null ? '?' : ' ';
    const place = `${step.table} ${step.chain} ${step.rule === 0 ? 'policy' : step.rule}`;
    return clean(`${sign} ${place.padEnd(28)} ${step.text}`.trimEnd());
  });
}

interface Step {
  readonly table: string;
  readonly chain: string;
  readonly rule: number;
  readonly matched: boolean | null;
  readonly text: string;
}

function stepsOf(evidence: unknown): readonly Step[] {
  if (evidence === null || typeof evidence !== 'object' || !('walk' in evidence) || !Array.isArray(evidence.walk))
    return [];
  return evidence.walk.filter(isStep);
}

function isStep(step: unknown): step is Step {
  return (
    step !== null && typeof step === 'object' && 'table' in step && 'chain' in step && 'rule' in step && 'text' in step
  );
}

function totalLine(report: Report, paint: Paint): string {
  const points = `${report.score} of ${report.possible} points`;
  const undecided = report.undecided === 0 ? '' : paint.yellow(`, ${report.undecided} could not be checked`);
  return report.passed ? paint.green(`${points}: passed`) : `${paint.bold(points)}${undecided}`;
}

/** A learner's text (a prefix, a comment) cannot move the terminal's cursor or colour it. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\uFFFD').replaceAll('\n', ' ');
}
