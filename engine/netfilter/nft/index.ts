export { type BytecodeRule, readBytecode, wroteByIptables } from './bytecode.ts';
export type { NftExpression } from './expressions.ts';
export { type PlacedNftRule, readNftRules } from './read-json.ts';
