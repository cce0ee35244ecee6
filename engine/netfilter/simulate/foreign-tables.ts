/** nf_tables tables that are not iptables' own: which of their base chains a packet meets at a hook. */

import type { Family, Table } from '../model.ts';
import { type BaseChain, type NftTable, readNftTable } from '../nft/own-table.ts';
import { type HostNftTable, type HostState, knownPart } from './host-state.ts';
import type { Hook } from './simulation.ts';

const read = new WeakMap<HostNftTable, Map<Family, NftTable | null>>();

/** The base chains at a hook for packets of one family, with their tables, in the order of the tables. */
export function ownBases(state: HostState | null, family: Family, hook: Hook): { base: BaseChain; table: Table }[] {
  return (knownPart(state, 'nftTables') ?? []).flatMap((table) => {
    const own = ownTable(table, family);
    if (own === null) return [];
    return own.bases.filter((base) => base.hook === hook).map((base) => ({ base, table: own.table }));
  });
}

/** A table of nft's own as packets of a family meet it; null for tables that they do not. */
export function ownTable(table: HostNftTable, family: Family): NftTable | null {
  const known = read.get(table) ?? new Map<Family, NftTable | null>();
  read.set(table, known);
  let own = known.get(family);
  if (own === undefined) {
    own = table.read === undefined ? readNftTable(table.json, family) : (table.read[family] ?? null);
    known.set(family, own);
  }
  return own;
}

/**
 * "nft table netdev fw, chain input", for each base chain with a rule that a packet passes before the first or after the last of the five
 * hooks. These are not followed.
 */
export function chainsBeside(state: HostState | null, hook: Hook): string[] {
  return (knownPart(state, 'nftTables') ?? []).flatMap((table) => {
    const objects = objectsOf(table.json);
    const used = new Set(objects.flatMap((one) => (one.rule === undefined ? [] : [String(one.rule.chain)])));
    return objects
      .flatMap((one) => (one.chain === undefined ? [] : [one.chain]))
      .filter((chain) => seenAt[String(chain.hook)] === hook)
      .filter((chain) => used.has(String(chain.name)) || chain.policy === 'drop')
      .map((chain) => `nft table ${table.family} ${table.name}, chain ${String(chain.name)}`);
  });
}

const seenAt: Readonly<Record<string, Hook>> = { ingress: 'prerouting', egress: 'postrouting' };

type NftObject = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** The list that `nft -j list table` prints; what is no such thing is empty. */
function objectsOf(json: unknown): readonly NftObject[] {
  const list = typeof json === 'object' && json !== null && 'nftables' in json ? json.nftables : json;
  return Array.isArray(list) ? list.filter((one) => typeof one === 'object' && one !== null) : [];
}
