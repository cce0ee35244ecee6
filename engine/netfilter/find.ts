import type { Chain, Ruleset, Table } from './model.ts';

/** The table of that name; of several in one dump the last, which is what iptables-restore leaves behind. */
export function findTable(ruleset: Ruleset, name: string): Table | undefined {
  return ruleset.tables.findLast((table) => table.name === name);
}

/** The chain of that name in that table. */
export function findChain(ruleset: Ruleset, table: string, name: string): Chain | undefined {
  return findTable(ruleset, table)?.chains.find((chain) => chain.name === name);
}
