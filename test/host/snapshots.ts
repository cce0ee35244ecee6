import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Backend, type Family, parseSave } from '../../engine/netfilter/index.ts';
import type { NodeRules } from '../../engine/observe/snapshot-nodes.ts';

/** A node whose rules are those of dumps. */
export function nodeWith(
  dumps: readonly { readonly text: string; readonly backend?: Backend; readonly family?: Family }[],
  more: Partial<NodeRules> = {},
): NodeRules {
  const rulesets = dumps.map(({ text, backend = 'nft', family = 'ipv4' }) => ({
    family,
    backend,
    ruleset: parseSave(text, { family, backend }),
    text,
  }));
  return { node: 'router', time: 1, generation: 1, rulesets, nftTables: [], problems: [], ...more };
}

export const dumpOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../fixtures/netfilter/${name}/dump`), 'utf8');
