/** nf_tables tables that are not iptables' own: which of their base chains a packet meets at a hook. Their rules are not followed. */

import type { Family } from '../model.ts';
import { type HostNftTable, type HostState, knownPart } from './host-state.ts';
import type { Hook } from './simulation.ts';

interface BaseChain {
  readonly table: string;
  readonly family: string;
  readonly name: string;
  readonly hook: string;
}

const read = new WeakMap<HostNftTable, readonly BaseChain[]>();

/** "nft table inet fw, chain input", for each base chain there that could do something to a packet. */
export function foreignChains(state: HostState | null, family: Family, hook: Hook): string[] {
  const families: readonly string[] = ['inet', family === 'ipv4' ? 'ip' : 'ip6', 'netdev'];
  return (knownPart(state, 'nftTables') ?? [])
    .flatMap(baseChains)
    .filter((chain) => families.includes(chain.family) && (chain.hook === hook || seenAt[chain.hook] === hook))
    .map((chain) => `nft table ${chain.family} ${chain.table}, chain ${chain.name}`);
}

/** Hooks of nft that a packet passes just before the first, or just after the last, of the five. */
const seenAt: Readonly<Record<string, Hook>> = { ingress: 'prerouting', egress: 'postrouting' };

/** Base chains with a rule in them or a policy that drops. */
function baseChains(table: HostNftTable): readonly BaseChain[] {
  const known = read.get(table);
  if (known !== undefined) return known;
  const objects = objectsOf(table.json);
  const dormant = objects.some((one) => Array.isArray(one.table?.flags) && one.table.flags.includes('dormant'));
  const used = new Set(objects.flatMap((one) => (one.rule === undefined ? [] : [String(one.rule.chain)])));
  const chains = dormant
    ? []
    : objects.flatMap(({ chain }): BaseChain[] => {
        if (chain === undefined || typeof chain.hook !== 'string') return [];
        const name = String(chain.name);
        if (!used.has(name) && chain.policy !== 'drop') return [];
        return [{ table: table.name, family: table.family, name, hook: chain.hook }];
      });
  read.set(table, chains);
  return chains;
}

type NftObject = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** The list that `nft -j list table` prints; what is no such thing is empty. */
function objectsOf(json: unknown): readonly NftObject[] {
  const list = typeof json === 'object' && json !== null && 'nftables' in json ? json.nftables : json;
  return Array.isArray(list) ? list.filter((one) => typeof one === 'object' && one !== null) : [];
}
