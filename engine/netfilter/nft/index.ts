export { type BytecodeRule, readBytecode, wroteByIptables } from './bytecode.ts';
export { type DumpedTable, splitNftDump } from './dump.ts';
export type { NftExpression } from './expressions.ts';
export { type BaseChain, type NftHook, type NftTable, readNftTable } from './own-table.ts';
export { type PlacedNftRule, readNftRules } from './read-json.ts';
export { nftRuleTexts } from './rule-text.ts';
