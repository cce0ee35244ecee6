/** nf_tables tables that are not iptables' own, as the host's state has them. */

import { type Place, placesOf } from '../base-chains.ts';
import type { Family, UnfollowedChain } from '../model.ts';
import { type NftTable, readNftTable } from '../nft/own-table.ts';
import { unfollowedChains } from '../nft/unfollowed-chains.ts';
import { type HostNftTable, type HostState, knownPart } from './host-state.ts';

const read = new WeakMap<HostNftTable, Map<Family, NftTable | null>>();

/** Their base chains for packets of one family, in the order of the tables. */
export function ownPlaces(state: HostState | null, family: Family): Place[] {
  return (knownPart(state, 'nftTables') ?? []).flatMap((table) => {
    const own = ownTable(table, family);
    return own === null ? [] : placesOf({ ...own.table, bases: own.bases }, 'nft');
  });
}

/** Their chains beside the five hooks. */
export const ownUnfollowed = (state: HostState | null): UnfollowedChain[] =>
  (knownPart(state, 'nftTables') ?? []).flatMap(unfollowedChains);

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
