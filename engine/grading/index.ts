export type { Evidence, Nodes, Observed, StoredAnswer } from './evidence.ts';
export { type GatherContext, gather } from './gather.ts';
export { exitCodeOf, type JudgedLab, judge } from './judge.ts';
export { judgeAnswer } from './judge-answer.ts';
export { toJUnit } from './junit.ts';
export { checkReferences, type ReferenceProblem } from './references.ts';
export * from './schema.ts';
