import type { CheckResult, Outcome } from '../contract/report.ts';

/** What a check or a group came to, with the leaves that show why. */
export interface Judged {
  readonly outcome: Outcome;
  readonly results: readonly CheckResult[];
}

/** Kleene's three values: one unmet decides, then one unknown. */
export function allOf(parts: readonly Judged[]): Judged {
  return { outcome: conjunction(parts.map((one) => one.outcome)), results: parts.flatMap((one) => one.results) };
}

/** One met decides, then one unknown. What is met shows the way that was taken, not those that were not. */
export function anyOf(parts: readonly Judged[]): Judged {
  const outcome = disjunction(parts.map((one) => one.outcome));
  const shown = outcome === 'met' ? parts.filter((one) => one.outcome === 'met').slice(0, 1) : parts;
  return { outcome, results: shown.flatMap((one) => one.results) };
}

/** None of them may be met. */
export function noneOf(parts: readonly Judged[]): Judged {
  return allOf(parts.map(negated));
}

function negated(part: Judged): Judged {
  const outcome = negation(part.outcome);
  const shown = part.results.filter((one) => one.outcome === part.outcome);
  return { outcome, results: shown.map(negatedResult) };
}

function negatedResult(result: CheckResult): CheckResult {
  const outcome = negation(result.outcome);
  const expected = `not: ${result.expected}`;
  if (outcome === 'unknown') return { ...result, outcome, expected };
  const message = outcome === 'met' ? `Right: ${result.actual}.` : `This must not be so: ${result.expected}.`;
  return { ...result, outcome, expected, message };
}

export const negation = (outcome: Outcome): Outcome =>
  outcome === 'met' ? 'unmet' : outcome === 'unmet' ? 'met' : 'unknown';

export function conjunction(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('unmet')) return 'unmet';
  return outcomes.includes('unknown') ? 'unknown' : 'met';
}

export function disjunction(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('met')) return 'met';
  return outcomes.includes('unknown') ? 'unknown' : 'unmet';
}
