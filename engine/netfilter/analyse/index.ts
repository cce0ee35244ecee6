export { type Analysis, analyseRulesets } from './analyse.ts';
export { type BehaviourDifference, findBehaviourDifference, type Treatment } from './difference.ts';
export type { Finding, FindingCode, RuleReference, Severity, Witness } from './finding.ts';
export { type Matrix, type MatrixHook, type MatrixRow, type MatrixVerdict, serviceMatrix } from './matrix.ts';
export { TooLargeError } from './node-store.ts';
