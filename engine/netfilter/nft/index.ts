export { type BytecodeRule, readBytecode, wroteByIptables } from './bytecode.ts';
export { type DumpedTable, splitNftDump } from './dump.ts';
export type { NftExpression } from './expressions.ts';
export { type NftTable, type ReadNftOptions, readNftTable } from './own-table.ts';
export { inNamesOfIptables, readNftDump, speaksOf } from './read-dump.ts';
export { type PlacedNftRule, readNftRules } from './read-json.ts';
export { nftRuleTexts } from './rule-text.ts';
