import { alikeChecks, alikeText } from '../../engine/contract/alike-checks.ts';
import type { CheckResult, CriterionResult, Report, Verdict } from '../../engine/contract/report.ts';
import { plain, visibleLength, wrap } from './text.ts';

/** What picocolors makes, as far as a report uses it. */
export interface Paint {
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

const asIs = (text: string): string => text;
const noPaint: Paint = { green: asIs, red: asIs, yellow: asIs, dim: asIs, bold: asIs };

const marks: Readonly<Record<Verdict, { readonly symbol: string; readonly paint: keyof Paint }>> = {
  passed: { symbol: '✔', paint: 'green' },
  failed: { symbol: '✘', paint: 'red' },
  'not-reached': { symbol: '○', paint: 'dim' },
  'could-not-check': { symbol: '?', paint: 'yellow' },
};

/** As narrow as texts beside the marks can be read. */
const leastWidth = 50;

/** A report for a terminal; plain text unless colours are handed in. `all` shows the checks of what passed too. */
export function reportText(
  report: Report,
  options: { readonly paint?: Paint; readonly all?: boolean; readonly width?: number } = {},
): string {
  const paint = options.paint ?? noPaint;
  const width = Math.max(options.width ?? Number.POSITIVE_INFINITY, leastWidth);
  const points = report.criteria.map(pointsOf);
  const column = Math.max(0, ...points.map((text) => text.length));
  const lines = [`${paint.bold(plain(report.lab))}  ${paint.dim(`session ${plain(report.session)}`)}`, ''];
  for (const criterion of report.criteria) {
    lines.push(...criterionLines(criterion, { paint, width, column, all: options.all ?? false }));
  }
  lines.push('', totalLine(report, paint));
  return `${lines.join('\n')}\n`;
}

interface Page {
  readonly paint: Paint;
  readonly width: number;
  /** Columns that the points take. */
  readonly column: number;
  readonly all: boolean;
}

const pointsOf = ({ points, possible }: CriterionResult): string => `${points}/${possible}`;

function criterionLines(criterion: CriterionResult, page: Page): string[] {
  const { paint, width, column, all } = page;
  const { symbol, paint: colour } = marks[criterion.verdict];
  const verdict = criterion.verdict === 'passed' ? '' : `: ${criterion.verdict}`;
  const first = `${paint[colour](symbol)} ${pointsOf(criterion).padStart(column)}  `;
  const indent = ' '.repeat(visibleLength(first));
  const title = `${paint.bold(oneLine(criterion.title))} ${paint.dim(`(${criterion.id}${verdict})`)}`;
  const shown = criterion.checks.filter((check) => all || (criterion.verdict !== 'passed' && check.outcome !== 'met'));
  const lines = [wrap(title, width, indent, first)];
  let before: readonly string[] = [];
  // Who asks for all gets all; else one mistake that many packets show is told once.
  const groups = all ? shown.map((check) => ({ check, alike: [] })) : alikeChecks(shown);
  for (const group of groups) {
    const { check } = group;
    lines.push(...checkLines(check, indent, page));
    const way = wayLines(check);
    // Several checks of one packet have one way.
    if (way.join('\n') !== before.join('\n'))
      lines.push(...way.map((line) => wrap(line, width, `${indent}    `, `${indent}  `)));
    before = way;
    if (group.alike.length > 0) lines.push(paint.dim(wrap(alikeText(group), width, `${indent}  `)));
  }
  return lines;
}

function checkLines(check: CheckResult, indent: string, { paint, width }: Page): string[] {
  const beside = (name: string, text: string) =>
    wrap(oneLine(text), width, `${indent}            `, `${indent}  ${name.padEnd(9)} `)
      .split('\n')
      .map((line) => paint.dim(line));
  return [
    wrap(oneLine(check.message), width, indent),
    ...beside('expected', check.expected),
    ...(check.outcome === 'unknown' ? [] : beside('found', check.actual)),
  ];
}

/** More rules than this are not listed where they only did not match. */
const mostSteps = 12;

/** The packet's way, a line a rule that it came by. A chain that merely lets it pass by its policy is no news. */
function wayLines(check: CheckResult): string[] {
  const steps = (check.outcome === 'met' ? [] : (check.walk?.steps ?? [])).filter(
    (step) => step.rule > 0 || step.text !== 'ACCEPT',
  );
  const shown = steps.length <= mostSteps ? steps : steps.filter((step) => step.matched !== false);
  const places = shown.map((step) => `${step.table} ${step.chain} ${step.rule === 0 ? 'policy' : step.rule}`);
  const column = Math.max(0, ...places.map((place) => place.length));
  return shown.map((step, index) => {
    const sign = step.matched === true ? '→' : step.matched === null ? '?' : ' ';
    return oneLine(`${sign} ${(places[index] ?? '').padEnd(column)}  ${step.text}`.trimEnd());
  });
}

function totalLine(report: Report, paint: Paint): string {
  const points = `${report.score} of ${report.possible} points`;
  const undecided = report.undecided === 0 ? '' : paint.yellow(`, ${report.undecided} could not be checked`);
  const hints = hintsText(report);
  return report.passed ? `${paint.green(`${points}: passed`)}${hints}` : `${paint.bold(points)}${undecided}${hints}`;
}

function hintsText({ hints }: Report): string {
  if (hints === undefined || hints.cost === 0) return '';
  return `, ${hints.cost} taken off for ${hints.opened === 1 ? 'a hint' : `${hints.opened} hints`}`;
}

/** A learner's text (a prefix, a comment) cannot move the terminal's cursor or colour it. */
const oneLine = (text: string): string => plain(text).replaceAll(/\s*\n\s*/g, ' ');
