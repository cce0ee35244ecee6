/** The chains that tables have by themselves (iptables(8), TABLES). */
export const builtinChains: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** Whether a table has that chain by itself. */
export function isBuiltinChain(table: string, chain: string): boolean {
  return Object.hasOwn(builtinChains, table) && (builtinChains[table] ?? []).includes(chain);
}
