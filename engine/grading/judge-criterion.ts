import type { CheckResult, Outcome } from '../contract/report.ts';
import type { Moment } from './check.ts';
import { kindOf } from './check-kinds.ts';
import type { Evidence } from './evidence.ts';
import { createJudge, type JudgeSpec, type SnapshotMemory } from './judge-spec.ts';
import { leavesOf, specOf } from './leaves.ts';
import type { Judged } from './logic.ts';
import { gapSince, learnerMoments, momentNow, momentsSinceProvisioning } from './moments.ts';
import type { Question } from './question.ts';
import type { CheckSpec, Criterion } from './schema.ts';

/** Judges a criterion's checks at the time that its `when` says. */
export type JudgeCriterion = (criterion: Criterion) => Judged;

/** For the criteria of a lab, without what holds between them but `then`. */
export function createCriterionJudge(
  criteria: readonly Criterion[],
  questions: readonly Question[],
  evidence: Evidence,
  memory?: SnapshotMemory,
): JudgeCriterion {
  const judgeSpec = createJudge(memory);
  const present = momentNow(evidence, questions);
  const whole = (criterion: Criterion, moment: Moment) => judgeSpec.whole(specOf(criterion), moment);
  const now = (criterion: Criterion) => whole(criterion, present);
  const ever = (criterion: Criterion) =>
    isOfThePresent(specOf(criterion))
      ? now(criterion)
      : judgeEver(
          judgeSpec,
          specOf(criterion),
          [present, ...learnerMoments(evidence, questions).toReversed()],
          evidence,
        );
  const held = (criterion: Criterion) =>
    judgeHeld(judgeSpec, specOf(criterion), [...momentsSinceProvisioning(evidence, questions), present], evidence);
  const then = (criterion: Criterion, id: string): Judged => {
    const first = criteria.find((one) => one.id === id);
    const is = now(criterion);
    const was: Judged = first === undefined ? { outcome: 'unknown', results: [] } : ever(first);
    const result = earlier(id, first?.title ?? id, was);
    return { outcome: worse(is.outcome, was.outcome), results: [...is.results, result] };
  };
  return (criterion) => {
    if (typeof criterion.when === 'object') return then(criterion, criterion.when.then);
    return { now, ever, held }[criterion.when](criterion);
  };
}

const worse = (a: Outcome, b: Outcome): Outcome =>
  [a, b].includes('unmet') ? 'unmet' : [a, b].includes('unknown') ? 'unknown' : 'met';

/** So many states, the latest, are looked through for the one that came nearest; of those before it matters only whether one was right. */
const mostLookedAt = 100;

/** One and the same state has to fulfil all. Over a gap nobody can say that none did. The moments: the latest first. */
function judgeEver(judge: JudgeSpec, spec: CheckSpec, moments: readonly Moment[], evidence: Evidence): Judged {
  let nearest: Judged | null = null;
  let unknown: Moment | null = null;
  for (const [index, moment] of moments.entries()) {
    const outcome = judge.outcome(spec, moment);
    if (outcome === 'met') return judge.whole(spec, moment);
    if (outcome === 'unknown') unknown ??= moment;
    if (unknown !== null || index >= mostLookedAt) continue;
    const judged = judge.whole(spec, moment);
    if (nearest === null || isNearer(judged, nearest)) nearest = judged;
  }
  if (unknown !== null) return judge.whole(spec, unknown);
  const judged = nearest ?? { outcome: 'unknown', results: [] };
  const lost = lostBecause(evidence, spec);
  if (lost === null) return judged;
  return { outcome: 'unknown', results: judged.results.map((one) => doubted(one, lost)) };
}

/** Every state has to fulfil it: the first that does not decides. */
function judgeHeld(judge: JudgeSpec, spec: CheckSpec, moments: readonly Moment[], evidence: Evidence): Judged {
  let unknown: Moment | null = null;
  for (const moment of moments) {
    const outcome = judge.outcome(spec, moment);
    if (outcome === 'unmet') {
      const judged = judge.whole(spec, moment);
      return { ...judged, results: judged.results.map((one) => atTime(one, moment)) };
    }
    if (outcome === 'unknown') unknown ??= moment;
  }
  if (unknown !== null) return judge.whole(spec, unknown);
  const present = moments.at(-1);
  const last: Judged = present === undefined ? { outcome: 'unknown', results: [] } : judge.whole(spec, present);
  const lost = isOfThePresent(spec) ? null : lostBecause(evidence, spec);
  if (lost === null) return last;
  return { outcome: 'unknown', results: last.results.map((one) => doubted(one, lost)) };
}

/** Less is missing; of two that miss as much, the one in which more is there. What a `not` forbids is there in every empty state. */
function isNearer(one: Judged, other: Judged): boolean {
  const missing = countOf(one, 'unmet') - countOf(other, 'unmet');
  return missing < 0 || (missing === 0 && countOf(one, 'met') > countOf(other, 'met'));
}

const countOf = (judged: Judged, outcome: Outcome): number =>
  judged.results.filter((one) => one.outcome === outcome).length;

/** Nothing in it depends on the state that it is judged at. */
const isOfThePresent = (spec: CheckSpec): boolean =>
  [...leavesOf(spec)].every((leaf) => kindOf(leaf.name).present === true);

/** Why the timeline is not whole for what this rests on; null when it is. */
function lostBecause(evidence: Evidence, spec: CheckSpec): string | null {
  if ('failure' in evidence.timeline) return evidence.timeline.failure;
  const leaves = [...leavesOf(spec)].filter((leaf) => kindOf(leaf.name).present !== true);
  const nodes = leaves.flatMap((leaf) => kindOf(leaf.name).needs(leaf.spec).nodes);
  const sorts = leaves.map((leaf) => (leaf.name === 'conntrack' ? ('flows' as const) : ('states' as const)));
  const gap = gapSince(evidence, nodes, sorts);
  if (gap === undefined) return null;
  return `for ${Math.max(0, gap.to - gap.from).toFixed(1)} s nobody recorded what happened (${gap.reason}).`;
}

/** A result that the lost time may have made wrong. */
function doubted(result: CheckResult, cause: string): CheckResult {
  return { ...result, outcome: 'unknown', message: `This could not be checked: ${cause} ${result.message}` };
}

function atTime(result: CheckResult, moment: Moment): CheckResult {
  if (result.outcome !== 'unmet' || moment.state === null) return result;
  return { ...result, message: `At ${new Date(moment.from * 1000).toISOString()}: ${result.message}` };
}

function earlier(id: string, title: string, was: Judged): CheckResult {
  const expected = `${id} was true before`;
  const result = { type: 'then', outcome: was.outcome, expected };
  if (was.outcome === 'met') return { ...result, actual: 'it was', message: `Right: "${title}" was true before.` };
  const first = was.results.find((one) => one.outcome === was.outcome);
  if (was.outcome === 'unknown') {
    return { ...result, actual: 'could not be found out', message: first?.message ?? `${id} could not be checked.` };
  }
  return {
    ...result,
    actual: 'it never was',
    message: `First "${title}" has to be true; it has not been yet. ${first?.message ?? ''}`.trim(),
  };
}
