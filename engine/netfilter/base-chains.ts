/** The chains that the kernel itself calls: at which hook, and in which order. */

import { builtinChains, isBuiltinChain } from './builtin.ts';
import { findTable } from './find.ts';
import type { Backend, BaseChain, NftHook, Ruleset, Table } from './model.ts';

/** A base chain where it stands. */
export interface Place extends BaseChain {
  readonly table: Table;
  /** The table of iptables whose ways it has. */
  readonly as: string;
}

/** linux/netfilter_ipv4.h, enum nf_ip_hook_priorities; the lower is asked first. */
const priorities: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };

/** NF_IP_PRI_CONNTRACK: chains before it see no connection yet. */
const conntrackPriority = -200;

/** iptables-nft registers its table `security` behind nat (iptables/nft.c, xtables_ipv4: NF_IP_PRI_SECURITY is 150 there). */
const securityOfNft = 150;

/** Whatever their own priorities, chains of nat are called where NAT is done (nf_nat_ipv4_ops); these only order them among themselves. */
const natPriorities: Readonly<Record<NftHook, number>> = {
  prerouting: -100,
  input: 100,
  forward: 0,
  output: -100,
  postrouting: 100,
};

const hookOfChain: Readonly<Record<string, NftHook>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

/** The base chains of a table: nft's own say where they are called, iptables' are there by their names. An unknown backend counts as legacy. */
export function placesOf(table: Table, backend: Backend | undefined): readonly Place[] {
  if (table.bases !== undefined) return table.bases.map((base) => ({ ...base, table, as: waysOf(base) }));
  return (Object.hasOwn(builtinChains, table.name) ? (builtinChains[table.name] ?? []) : []).map((chain) => ({
    ...baseOfIptables(table.name, chain, backend),
    table,
    as: table.name,
  }));
}

function baseOfIptables(table: string, chain: string, backend: Backend | undefined): BaseChain {
  const hook = hookOfChain[chain] ?? 'input';
  if (table === 'nat') return { chain, hook, type: 'nat', priority: natPriorities[hook] };
  const priority = table === 'security' && backend === 'nft' ? securityOfNft : (priorities[table] ?? 0);
  return { chain, hook, type: table === 'mangle' && hook === 'output' ? 'route' : 'filter', priority };
}

function waysOf({ hook, type, priority }: BaseChain): string {
  if (type !== 'filter') return type === 'nat' ? 'nat' : 'mangle';
  // conntrack looks at packets where they come in or are made.
  const early = hook === 'prerouting' || hook === 'output';
  return early && priority <= conntrackPriority ? 'raw' : 'filter';
}

/**
 * Every base chain at a hook, in the order in which the kernel asks them. Of equal priority the one that was registered last is asked first
 * (nf_hook_entries_grow): of one dump that is the one that stands last, if nothing was taken away and made anew.
 */
export function placesAt(rulesets: readonly Ruleset[], hook: NftHook, others: readonly Place[] = []): Place[] {
  const places = rulesets.flatMap((ruleset) => {
    const tables = ruleset.tables.filter((table) => findTable(ruleset, table.name) === table);
    const all = tables.flatMap((table) => placesOf(table, ruleset.backend));
    return [...all.filter(isIptables), ...all.filter((place) => !isIptables(place)).reverse()];
  });
  const here = [...places, ...[...others].reverse()].filter((place) => place.hook === hook);
  return here.sort((a, b) => orderOf(a) - orderOf(b) || a.priority - b.priority);
}

const isIptables = ({ table }: Place): boolean => table.bases === undefined;
const orderOf = ({ type, hook, priority }: Place): number => (type === 'nat' ? natPriorities[hook] : priority);

/** Whether it sees packets as nat has left them. */
export const isBehindNat = ({ type, hook, priority }: BaseChain): boolean =>
  type !== 'nat' && priority >= natPriorities[hook];

/** Whether the kernel itself calls that chain of the table. */
export function isBaseChain(table: Table, chain: string): boolean {
  return table.bases === undefined
    ? isBuiltinChain(table.name, chain)
    : table.bases.some((base) => base.chain === chain);
}
