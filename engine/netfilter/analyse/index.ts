export { type Analysis, analyseRulesets } from './analyse.ts';
export type { Finding, FindingCode, RuleReference, Severity, Witness } from './finding.ts';
