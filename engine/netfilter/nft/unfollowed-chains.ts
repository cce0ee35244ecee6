/** Chains that packets pass before the first or after the last of the five hooks: these are not followed. */

import type { NftHook, UnfollowedChain } from '../model.ts';

interface TableDump {
  readonly family: string;
  readonly name: string;
  readonly json: unknown;
}

/** Each base chain of a table at ingress or egress that has a rule, or a policy that drops. */
export function unfollowedChains(table: TableDump): UnfollowedChain[] {
  const objects = objectsOf(table.json);
  const used = new Set(objects.flatMap((one) => (one.rule === undefined ? [] : [String(one.rule.chain)])));
  return objects
    .flatMap((one) => (one.chain === undefined ? [] : [one.chain]))
    .filter((chain) => used.has(String(chain.name)) || chain.policy === 'drop')
    .flatMap((chain) => {
      const hook = seenAt[String(chain.hook)];
      const name = `nft table ${table.family} ${table.name}, chain ${String(chain.name)}`;
      return hook === undefined ? [] : [{ hook, name, text: meaningOf(objects) }];
    });
}

const seenAt: Readonly<Record<string, NftHook>> = { ingress: 'prerouting', egress: 'postrouting' };

type NftObject = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** The list that `nft -j list table` prints; what is no such thing is empty. */
function objectsOf(json: unknown): readonly NftObject[] {
  const list = typeof json === 'object' && json !== null && 'nftables' in json ? json.nftables : json;
  return Array.isArray(list) ? list.filter((one) => typeof one === 'object' && one !== null) : [];
}

/** Without what counts and what only names: two tables with one text do the same. */
const meaningOf = (objects: readonly NftObject[]): string =>
  JSON.stringify(objects, (key, value: unknown) =>
    ['handle', 'packets', 'bytes', 'comment'].includes(key) ? 0 : value,
  );
