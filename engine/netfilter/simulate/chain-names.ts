/** Chains by name. A table of kube-proxy has tens of thousands. */

import type { Chain, Table } from '../model.ts';

const names = new WeakMap<Table, ReadonlyMap<string, Chain>>();

/** The chain of that name, the first of several. */
export function chainNamed(table: Table, name: string): Chain | undefined {
  if (table.chains.length < 8) return table.chains.find((chain) => chain.name === name);
  let known = names.get(table);
  if (known === undefined) {
    known = new Map(table.chains.map((chain) => [chain.name, chain] as const).reverse());
    names.set(table, known);
  }
  return known.get(name);
}
