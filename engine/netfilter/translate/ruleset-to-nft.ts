/** A whole dump as a script for `nft -f`, as iptables-restore-translate(8) makes one. */

import { canonicalWords } from '../canonical.ts';
import type { Chain, Ruleset } from '../model.ts';
import { ruleToNftCommand } from './rule-to-nft.ts';

export interface TranslatedLine {
  /** One command for nft, or a comment where there is none. */
  readonly text: string;
  /** What has no counterpart; empty where all has. */
  readonly missing: readonly string[];
}

/** The tables, chains and rules in the order in which nft takes them: every chain before the rules that jump to it. */
export function rulesetToNft(ruleset: Ruleset): TranslatedLine[] {
  const ip = ruleset.family === 'ipv4' ? 'ip' : 'ip6';
  const line = (text: string): TranslatedLine => ({ text, missing: [] });
  return ruleset.tables.flatMap((table) => {
    if (table.unreadable !== undefined) {
      return [{ text: `# table ${table.name}: ${table.unreadable}`, missing: [`table ${table.name}`] }];
    }
    const rules = table.chains.flatMap((chain) =>
      chain.rules.map((rule): TranslatedLine => {
        const made = ruleToNftCommand(rule, { family: ruleset.family, table: table.name, chain: chain.name });
        if ('nft' in made) return line(made.nft);
        const words = rule.words.length > 0 ? rule.words : canonicalWords(rule);
        return { text: `# -A ${chain.name} ${words.join(' ')}`, missing: made.missing };
      }),
    );
    return [
      line(`add table ${ip} ${table.name}`),
      ...table.chains.map((chain) => line(`add chain ${ip} ${table.name} ${chain.name}${base(table.name, chain)}`)),
      ...rules,
    ];
  });
}

/** nft's names of the priorities that iptables' tables have (nft(8)). */
const priorities: Readonly<Record<string, string>> = {
  raw: 'raw',
  mangle: 'mangle',
  filter: 'filter',
  security: 'security',
};
const hooks: Readonly<Record<string, string>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};

function base(table: string, { name, policy }: Chain): string {
  const hook = policy === null ? undefined : hooks[name];
  if (hook === undefined) return '';
  const type = table === 'nat' ? 'nat' : table === 'mangle' && name === 'OUTPUT' ? 'route' : 'filter';
  const nat = name === 'PREROUTING' ? 'dstnat' : name === 'OUTPUT' ? '-100' : name === 'INPUT' ? '100' : 'srcnat';
  const priority = table === 'nat' ? nat : (priorities[table] ?? '0');
  return ` { type ${type} hook ${hook} priority ${priority}; policy ${policy === 'DROP' ? 'drop' : 'accept'}; }`;
}
