/** A whole dump of nft as a ruleset: its tables beside each other, each with the chains that the kernel calls. */

import { builtinChains } from '../builtin.ts';
import type { Family, Ruleset, Table } from '../model.ts';
import type { DumpedTable } from './dump.ts';
import { type ReadNftOptions, readNftTable } from './own-table.ts';
import { unfollowedChains } from './unfollowed-chains.ts';

/** The tables that packets of one family meet, and what they pass besides that is not followed. */
export function readNftDump(dump: readonly DumpedTable[], family: Family, options: ReadNftOptions = {}): Ruleset {
  const tables = dump.flatMap(({ json }) => {
    const own = readNftTable(json, family, options);
    return own === null ? [] : [{ ...own.table, bases: own.bases }];
  });
  const unfollowed = dump.flatMap((table) => (isOfOther(table.family, family) ? [] : unfollowedChains(table)));
  return { family, backend: 'nft', tables, remarks: [], ...(unfollowed.length === 0 ? {} : { unfollowed }) };
}

const isOfOther = (table: string, family: Family): boolean => table === (family === 'ipv4' ? 'ip6' : 'ip');

/** Whether a dump tells of packets of the family: it has tables for them. */
export const speaksOf = (dump: readonly DumpedTable[], family: Family): boolean =>
  dump.some((table) => !isOfOther(table.family, family));

/**
 * The ruleset with the names that iptables has for its tables, where a table of nft is such a one: `ip filter` with INPUT, FORWARD and OUTPUT
 * where iptables has them (which is how iptables-nft keeps it, and what `rules translate` writes).
 */
export function inNamesOfIptables(ruleset: Ruleset): Ruleset {
  const taken = new Set(ruleset.tables.filter(({ bases }) => bases === undefined).map(({ name }) => name));
  const tables = ruleset.tables.map((table): Table => {
    const name = nameInIptables(table, ruleset.family);
    if (name === null || taken.has(name)) return table;
    const { bases: _, ...rest } = table;
    return { ...rest, name };
  });
  return { ...ruleset, tables };
}

const priorities: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 150 };

function nameInIptables({ name, bases }: Table, family: Family): string | null {
  const [of, plain = ''] = name.split(' ');
  if (bases === undefined || of !== (family === 'ipv4' ? 'ip' : 'ip6')) return null;
  const builtin = Object.hasOwn(builtinChains, plain) ? (builtinChains[plain] ?? []) : [];
  const isSame = bases.every(({ chain, hook, type, priority }) => {
    if (!builtin.includes(chain) || chain.toLowerCase() !== hook) return false;
    const early = hook === 'prerouting' || hook === 'output';
    const wanted = plain === 'nat' ? (early ? -100 : 100) : priorities[plain];
    const wantedType = plain === 'nat' ? 'nat' : plain === 'mangle' && hook === 'output' ? 'route' : 'filter';
    return priority === wanted && type === wantedType;
  });
  return builtin.length > 0 && isSame ? plain : null;
}
