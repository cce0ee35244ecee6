export { formOf, missedForm } from './answer-form.ts';
export { type CriterionTurn, criterionTurns, isOfStates } from './criterion-turns.ts';
export type { Evidence, Observed, StoredAnswer } from './evidence.ts';
export { gather } from './gather.ts';
export { exitCodeOf, judge } from './judge.ts';
export type { SnapshotMemory } from './judge-spec.ts';
export { LiveJudge, type Standing, type StandingCriterion } from './live-judge.ts';
export type { Criterion } from './schema.ts';
