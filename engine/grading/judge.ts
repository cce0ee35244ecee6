import type { CheckResult, CriterionResult, Report, Verdict } from '../contract/report.ts';
import type { Evidence } from './evidence.ts';
import { createCriterionJudge, type JudgeCriterion } from './judge-criterion.ts';
import type { SnapshotMemory } from './judge-spec.ts';
import type { Judged } from './logic.ts';
import type { Question } from './question.ts';
import type { Criterion } from './schema.ts';

/** What of a lab is judged: its criteria and questions with the session's parameters filled in. */
export interface JudgedLab {
  /** PACK/LAB. */
  readonly lab: string;
  readonly criteria: readonly Criterion[];
  readonly questions: readonly Question[];
}

/**
 * Judges a lab from what was gathered. Pure: the same evidence gives the same report, at any time and anywhere. Who judges a session again and
 * again keeps `memory` for it.
 */
export function judge(lab: JudgedLab, evidence: Evidence, memory?: SnapshotMemory): Report {
  const verdicts = new Verdicts(lab.criteria, createCriterionJudge(lab.criteria, lab.questions, evidence, memory));
  const criteria = lab.criteria.map((criterion) => verdicts.of(criterion));
  const sum = (verdict: Verdict) =>
    criteria.filter((one) => one.verdict === verdict).reduce((total, one) => total + one.possible, 0);
  return {
    session: evidence.session,
    lab: lab.lab,
    score: sum('passed'),
    possible: criteria.reduce((total, one) => total + one.possible, 0),
    undecided: sum('could-not-check'),
    passed: criteria.every((one) => one.verdict === 'passed'),
    criteria,
  };
}

/** The exit code of a command that judged: 1 if any failed or was not reached, else 3 if any could not be checked, else 0. */
export function exitCodeOf(report: Report): 0 | 1 | 3 {
  if (report.criteria.some((one) => one.verdict === 'failed' || one.verdict === 'not-reached')) return 1;
  return report.criteria.some((one) => one.verdict === 'could-not-check') ? 3 : 0;
}

/** Verdicts with what holds between criteria: `after`, and that a held one is reached when another has passed. */
class Verdicts {
  readonly #criteria: readonly Criterion[];
  readonly #judge: JudgeCriterion;
  readonly #after: ReadonlyMap<string, readonly string[]>;
  readonly #known = new Map<string, CriterionResult>();

  constructor(criteria: readonly Criterion[], judge: JudgeCriterion) {
    this.#criteria = criteria;
    this.#judge = judge;
    this.#after = new Map(criteria.map((one) => [one.id, one.after]));
  }

  of(criterion: Criterion): CriterionResult {
    const known = this.#known.get(criterion.id);
    if (known !== undefined) return known;
    const judged = this.#judge(criterion);
    const { verdict, checks } = this.#decide(criterion, judged);
    const { id, title, points: possible } = criterion;
    const result = { id, title, verdict, points: verdict === 'passed' ? possible : 0, possible, checks: [...checks] };
    this.#known.set(id, result);
    return result;
  }

  #decide(criterion: Criterion, judged: Judged): { verdict: Verdict; checks: readonly CheckResult[] } {
    const own = { verdict: verdictOf[judged.outcome], checks: judged.results };
    const earlier = criterion.after.flatMap((id) => {
      const before = this.#criteria.find((one) => one.id === id);
      return before === undefined || this.#isCircular(criterion) ? [] : [this.of(before)];
    });
    // A held criterion that is violated has failed, whatever came before.
    if (criterion.when === 'held' && judged.outcome === 'unmet') return own;
    const missing = earlier.find((one) => one.verdict === 'failed' || one.verdict === 'not-reached');
    if (missing !== undefined) return { verdict: 'not-reached', checks: [waitsFor(`"${missing.title}"`)] };
    const doubtful = earlier.find((one) => one.verdict === 'could-not-check');
    if (doubtful !== undefined)
      return { verdict: 'could-not-check', checks: [...judged.results, unsure(`"${doubtful.title}"`)] };
    return criterion.when === 'held' ? this.#decideHeld(criterion, own) : own;
  }

  /** Who does nothing passes nothing: a held criterion counts once another one has passed. */
  #decideHeld(criterion: Criterion, own: { verdict: Verdict; checks: readonly CheckResult[] }) {
    const others = this.#criteria
      .filter((one) => one.when !== 'held' && !reaches(this.#after, one.id, criterion.id))
      .map((one) => this.of(one).verdict);
    if (others.length === 0 || others.includes('passed')) return own;
    if (others.includes('could-not-check')) {
      return { verdict: 'could-not-check' as const, checks: [...own.checks, unsure('another criterion')] };
    }
    return { verdict: 'not-reached' as const, checks: [...own.checks, waitsFor('another criterion')] };
  }

  #isCircular(criterion: Criterion): boolean {
    return reaches(this.#after, criterion.id, criterion.id);
  }
}

const verdictOf = { met: 'passed', unmet: 'failed', unknown: 'could-not-check' } as const;

function waitsFor(what: string): CheckResult {
  return {
    type: 'after',
    outcome: 'unmet',
    expected: `${what} has passed before`,
    actual: 'it has not',
    message: `This counts once ${what} has passed.`,
  };
}

function unsure(what: string): CheckResult {
  return {
    type: 'after',
    outcome: 'unknown',
    expected: `${what} has passed before`,
    actual: 'could not be found out',
    message: `This could not be checked: whether ${what} has passed is not known.`,
  };
}

/** Whether `to` has to be passed, at some remove, before `from` is judged. */
function reaches(after: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [...(after.get(from) ?? [])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(after.get(id) ?? []));
  }
  return false;
}
