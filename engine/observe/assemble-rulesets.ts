import { z } from 'zod';
import { parseSave } from '../netfilter/index.ts';
import type { Backend, Chain, Counters, Family, Rule, Ruleset, Table } from '../netfilter/model.ts';
import type { NftExpression } from '../netfilter/nft/expressions.ts';
import { RuleReader } from './rule-source.ts';
import { builtinChains } from './ruleset-versions.ts';
import type { NftTable, NodeRuleset, NodeSnapshot } from './snapshot.ts';

const families = ['ipv4', 'ipv6'] as const;
const byTable = <T extends z.ZodType>(value: T) =>
  z.partialRecord(z.enum(families), z.record(z.string(), z.record(z.string(), value))).default({});

const ruleSchema = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.number(),
  expr: z.array(z.looseObject({ name: z.string() })).default([]),
});

/** The part of snapshot.py's line that is about rules. */
export const rulesRecordSchema = z.object({
  /** The rules changed while they were read, each time: positions and handles do not belong together. */
  torn: z.boolean().default(false),
  /** What iptables-nft-save and ip6tables-nft-save printed. */
  save: z.partialRecord(z.enum(families), z.string()).default({}),
  /** Handles by family, table and chain, in the kernel's order. */
  handles: byTable(z.array(z.number())),
  /** Policies of base chains: 0 drop, 1 accept; null for others. */
  chains: byTable(z.number().nullable()),
  /** What `nft -j list table` printed. */
  nft: z.array(z.object({ family: z.string(), name: z.string(), json: z.string() })).default([]),
  /** Rules of the tables that hold some which iptables may not have written, as nftables_netlink.py decodes them. */
  rules: z.array(ruleSchema).default([]),
  texts: z.record(z.string(), z.string()).default({}),
});
export type RulesRecord = z.infer<typeof rulesRecordSchema>;

type Problem = NodeSnapshot['problems'][number];

export interface AssembledRulesets {
  readonly rulesets: readonly NodeRuleset[];
  readonly nftTables: readonly NftTable[];
  readonly problems: readonly Problem[];
}

/**
 * Rulesets of one node. iptables-save tells what iptables wrote; what nft wrote into iptables' tables comes from the kernel's own expressions,
 * because iptables-save leaves out of it what it does not know or refuses the whole table. Pure.
 */
export function assembleRulesets(record: RulesRecord): AssembledRulesets {
  const problems: Problem[] = [];
  const rulesets: NodeRuleset[] = [];
  const add = (family: Family, backend: Backend, text: string, finish: (ruleset: Ruleset) => Ruleset) => {
    try {
      const ruleset = finish(parseSave(text, { family, backend }));
      if (ruleset.tables.length > 0) rulesets.push({ family, backend, ruleset, text });
    } catch (error) {
      problems.push({
        section: 'iptables',
        message: `${family} ${backend}: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  };
  if (record.torn) problems.push({ section: 'iptables', message: 'the rules changed faster than they could be read' });
  const reader = new RuleReader();
  for (const family of families) {
    const text = record.save[family];
    if (text !== undefined) add(family, 'nft', text, (ruleset) => withHandles(ruleset, record, reader));
    const legacy = record.texts[`legacy-${family}`];
    if (legacy !== undefined) add(family, 'legacy', legacy, (ruleset) => ruleset);
  }
  return { rulesets, nftTables: nftTables(record, problems), problems };
}

function withHandles(ruleset: Ruleset, record: RulesRecord, reader: RuleReader): Ruleset {
  if (record.torn) return ruleset;
  const handles = record.handles[ruleset.family] ?? {};
  const expressions = expressionsByHandle(record, ruleset.family);
  const tables = ruleset.tables.map((table) => {
    const ofTable = handles[table.name] ?? {};
    const known = expressions.get(table.name) ?? new Map<number, readonly NftExpression[]>();
    if (table.unreadable !== undefined) return rebuilt(table, ruleset.family, record, known, reader);
    return {
      ...table,
      chains: table.chains.map((chain) => numbered(chain, ofTable[chain.name] ?? [], known, ruleset.family, reader)),
    };
  });
  return { ...ruleset, tables };
}

/** nth rule, nth handle; where the counts differ nothing is certain and the rules stay without handles. */
function numbered(
  chain: Chain,
  handles: readonly number[],
  known: ReadonlyMap<number, readonly NftExpression[]>,
  family: Family,
  reader: RuleReader,
): Chain {
  if (handles.length !== chain.rules.length) return chain;
  const rules = chain.rules.map((rule, index) => {
    const handle = handles[index] ?? 0;
    const expressions = known.get(handle) ?? null;
    if (expressions === null) return { ...rule, handle, origin: 'iptables' as const };
    const seen = reader.read({ family, handle, words: null, expressions });
    if (seen.origin === 'iptables') return { ...rule, handle, origin: 'iptables' as const };
    return { ...seen, line: rule.line, counters: countersIn(expressions) };
  });
  return { ...chain, rules };
}

/** A table that iptables-save refuses, from the kernel's own expressions. */
function rebuilt(
  table: Table,
  family: Family,
  record: RulesRecord,
  known: ReadonlyMap<number, readonly NftExpression[]>,
  reader: RuleReader,
): Table {
  const policies = record.chains[family]?.[table.name] ?? {};
  const handles = record.handles[family]?.[table.name] ?? {};
  const chains = Object.entries(handles).map(([name, ofChain]): Chain => {
    const policy = policies[name] === 0 ? 'DROP' : policies[name] === 1 || builtinChains.has(name) ? 'ACCEPT' : null;
    const rules = ofChain.map((handle): Rule => {
      const expressions = known.get(handle) ?? null;
      return { ...reader.read({ family, handle, words: null, expressions }), counters: countersIn(expressions ?? []) };
    });
    return { name, policy, counters: null, rules };
  });
  return { name: table.name, chains };
}

function expressionsByHandle(record: RulesRecord, family: Family): Map<string, Map<number, readonly NftExpression[]>> {
  const wanted = family === 'ipv4' ? 'ip' : 'ip6';
  const tables = new Map<string, Map<number, readonly NftExpression[]>>();
  for (const rule of record.rules) {
    if (rule.family !== wanted) continue;
    const ofTable = tables.get(rule.table) ?? new Map<number, readonly NftExpression[]>();
    ofTable.set(rule.handle, rule.expr);
    tables.set(rule.table, ofTable);
  }
  return tables;
}

function countersIn(expressions: readonly NftExpression[]): Counters | null {
  const counter = expressions.find((expression) => expression.name === 'counter');
  if (counter === undefined) return null;
  const { packets, bytes } = counter;
  return typeof packets === 'number' && typeof bytes === 'number' ? { packets, bytes } : null;
}

function nftTables(record: RulesRecord, problems: Problem[]): readonly NftTable[] {
  return record.nft.flatMap(({ family, name, json }) => {
    if (record.save[family === 'ip' ? 'ipv4' : 'ipv6'] !== undefined && isIptables(family, name)) return [];
    try {
      return [{ family, name, json: JSON.parse(json) as unknown }];
    } catch (error) {
      problems.push({
        section: 'nft',
        message: `${family} ${name}: ${error instanceof Error ? error.message : String(error)}`,
      });
      return [];
    }
  });
}

const iptablesTables = new Set(['raw', 'mangle', 'nat', 'filter', 'security']);

function isIptables(family: string, name: string): boolean {
  return (family === 'ip' || family === 'ip6') && iptablesTables.has(name);
}
