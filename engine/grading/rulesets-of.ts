import { findChain, findTable, ownTable } from '../netfilter/index.ts';
import type { Chain, Condition, Family, Rule, Ruleset, Table } from '../netfilter/model.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';

/** A node's rulesets of a family: at most one a backend. A rule of either is a rule of the node. */
export function rulesetsOf(snapshot: NodeSnapshot, family: Family): readonly Ruleset[] {
  return snapshot.rulesets.filter((one) => one.family === family).map((one) => one.ruleset);
}

/** Why a table of a node could not be read; null when it could, or is not there. */
export function unreadableTable(snapshot: NodeSnapshot, family: Family, table: string): string | null {
  for (const ruleset of rulesetsOf(snapshot, family)) {
    const reason = findTable(ruleset, table)?.unreadable;
    if (reason !== undefined) return `table ${table} of ${snapshot.node} could not be read (${reason}).`;
  }
  return null;
}

/** A chain in each backend that has it, or in a table of nft's own ("inet fw"). A built-in chain that nothing has touched yet is in none. */
export function chainsOf(snapshot: NodeSnapshot, family: Family, table: string, chain: string): readonly Chain[] {
  const own = snapshot.nftTables
    .map((one) => ownTable(one, family)?.table)
    .filter((one) => one?.name === table)
    .map((one) => one?.chains.find(({ name }) => name === chain));
  return [...rulesetsOf(snapshot, family).map((ruleset) => findChain(ruleset, table, chain)), ...own].filter(
    (found) => found !== undefined && found !== null,
  );
}

export interface PlacedRule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** 1-based, as iptables --line-numbers counts. */
  readonly number: number;
  readonly rule: Rule;
}

/** Every rule of a node in the families, in order. */
export function placedRules(snapshot: NodeSnapshot, families: readonly Family[] = ['ipv4', 'ipv6']): PlacedRule[] {
  return families.flatMap((family) =>
    rulesetsOf(snapshot, family).flatMap((ruleset) => ruleset.tables.flatMap((table) => rulesOf(table, family))),
  );
}

/** The same of tables of nft's own. */
export function placedOwnRules(snapshot: NodeSnapshot): PlacedRule[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    snapshot.nftTables.flatMap((one) => {
      const own = ownTable(one, family);
      return own === null ? [] : rulesOf(own.table, family);
    }),
  );
}

function rulesOf(table: Table, family: Family): PlacedRule[] {
  return table.chains.flatMap((chain) =>
    chain.rules.map((rule, index) => ({
      family,
      table: table.name,
      chain: chain.name,
      number: rule.number ?? index + 1,
      rule,
    })),
  );
}

/** Parts of the rule were never seen, so nobody can say what it does. */
export const isUnseen = (rule: Rule): boolean =>
  rule.action.kind === 'unseen' || rule.conditions.some((condition) => condition.kind === 'unseen');

const meaningOf = (condition: Condition): string => JSON.stringify(condition);

/** A rule with unseen parts could be the wanted one: nothing that was seen of it speaks against. */
export function couldBe(rule: Rule, wanted: Rule): boolean {
  if (!isUnseen(rule)) return false;
  const parts = new Set(wanted.conditions.filter((one) => one.kind !== 'comment').map(meaningOf));
  const seen = rule.conditions.filter((one) => one.kind !== 'unseen' && one.kind !== 'comment');
  if (!seen.every((one) => parts.has(meaningOf(one)))) return false;
  return rule.action.kind === 'unseen' || JSON.stringify(rule.action) === JSON.stringify(wanted.action);
}
