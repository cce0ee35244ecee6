import type { Action, Chain, Ruleset, Table } from './model.ts';

/** The table of that name; of several in one dump the last, which is what iptables-restore leaves behind. */
export function findTable(ruleset: Ruleset, name: string): Table | undefined {
  return ruleset.tables.findLast((table) => table.name === name);
}

/** The chain of that name in that table. */
export function findChain(ruleset: Ruleset, table: string, name: string): Chain | undefined {
  return findTable(ruleset, table)?.chains.find((chain) => chain.name === name);
}

/** Whether packets of the rule are written to the kernel's log with that prefix. */
export function logsWith(action: Action, prefix: string): boolean {
  if (action.kind === 'several') return action.actions.some((one) => logsWith(one, prefix));
  return action.kind === 'log' && action.prefix === prefix;
}
