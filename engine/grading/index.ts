export { formOf, missedForm } from './answer-form.ts';
export type { Observed, StoredAnswer } from './evidence.ts';
export { gather } from './gather.ts';
export { exitCodeOf, judge } from './judge.ts';
export { LiveJudge, type Standing, type StandingCriterion } from './live-judge.ts';
