/** What `nft -j list ruleset` prints, table by table. */

import { isObject, type Json, type JsonObject } from './json-values.ts';

/** The JSON of one table, as `nft -j list table` prints it. */
export interface DumpedTable {
  readonly family: string;
  readonly name: string;
  readonly json: { readonly nftables: readonly JsonObject[] };
}

/** The tables in their order; null for what is no such JSON. */
export function splitNftDump(json: unknown): DumpedTable[] | null {
  const list = isObject(json as Json) ? (json as JsonObject).nftables : undefined;
  if (!Array.isArray(list)) return null;
  const tables = new Map<string, { family: string; name: string; objects: JsonObject[] }>();
  for (const object of list as readonly Json[]) {
    const [kind, value] = Object.entries(isObject(object) ? object : {})[0] ?? ['', null];
    if (!isObject(object) || !isObject(value) || kind === 'metainfo') continue;
    const [family, name] = [String(value.family), String(kind === 'table' ? value.name : value.table)];
    const key = `${family} ${name}`;
    const table = tables.get(key) ?? { family, name, objects: [] };
    table.objects.push(object);
    tables.set(key, table);
  }
  return [...tables.values()].map(({ family, name, objects }) => ({ family, name, json: { nftables: objects } }));
}
