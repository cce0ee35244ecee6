/** The public side of the room: rulesets parsed, printed, compared, described. Pure, no I/O. */

export { compareMeaning, diffMeaning, type MeaningDiff, type Pair } from './across-backends.ts';
export * from './analyse/index.ts';
export { placesAt, placesOf } from './base-chains.ts';
export { builtinChains, isBuiltinChain } from './builtin.ts';
export { canonicalWords, targetName } from './canonical.ts';
export { baseText, type Comparison, compareRulesets, type Difference, sameRule } from './compare.ts';
export { describeRule } from './describe.ts';
export { diffRulesets, type Edit } from './diff.ts';
export { findChain, findTable, logsWith } from './find.ts';
export * from './listing/index.ts';
export * from './model.ts';
export * from './nft/index.ts';
export { ruleKey } from './normalise.ts';
export { type ParseOptions, parseRule, parseSave } from './parse.ts';
export * from './paths/index.ts';
export { type PrintOptions, printRule, printSave } from './print.ts';
export * from './simulate/index.ts';
export { RulesetSyntaxError } from './syntax-error.ts';
export * from './translate/index.ts';
