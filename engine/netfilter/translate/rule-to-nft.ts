/** iptables' rules in the language of nft(8), for guides and hover texts: what iptables-translate(8) says, where that is right. */

import type { Condition, Family, Rule } from '../model.ts';
import { actionToNft } from './actions-to-nft.ts';
import { conditionToNft } from './conditions-to-nft.ts';

export type Translation =
  | { readonly nft: string }
  /** The parts that nft has no word for, or none that says the same. */
  | { readonly missing: readonly string[] };

/** A rule's statements: `tcp dport 22 counter accept`. */
export function ruleToNft(rule: Rule, family: Family): Translation {
  const conditions = ordered(rule.conditions);
  const protocol = protocolOf(conditions);
  const told = conditions.some((one) => tellsProtocol.has(one.kind));
  const words: string[] = [];
  const missing: string[] = [];
  for (const condition of conditions) {
    if (condition.kind === 'comment' || (condition.kind === 'protocol' && told && !condition.negated)) continue;
    const text = conditionToNft(condition, { family, protocol });
    if (text === null) missing.push(nameOf(condition));
    else if (text !== '') words.push(text);
  }
  const action = actionToNft(rule.action, family);
  if (action === null)
    missing.push(`-j ${'target' in rule.action ? rule.action.target : rule.action.kind.toUpperCase()}`);
  if (missing.length > 0 || action === null) return { missing };
  const comment = rule.conditions.find((one) => one.kind === 'comment');
  const remark = comment === undefined ? '' : `comment ${quoted(comment.text)}`;
  return { nft: [...words, 'counter', action, remark].filter((text) => text !== '').join(' ') };
}

/** The command that adds the rule: `add rule ip filter INPUT tcp dport 22 counter accept`. */
export function ruleToNftCommand(
  rule: Rule,
  place: { readonly family: Family; readonly table: string; readonly chain: string },
): Translation {
  const translation = ruleToNft(rule, place.family);
  if ('missing' in translation) return translation;
  return { nft: `add rule ${place.family === 'ipv4' ? 'ip' : 'ip6'} ${place.table} ${place.chain} ${translation.nft}` };
}

/** nft has no escapes within quotes. */
const quoted = (text: string): string => `"${text.replaceAll('"', "'")}"`;

/** Conditions whose nft text asks for the protocol too. */
const tellsProtocol: ReadonlySet<Condition['kind']> = new Set([
  'source-port',
  'destination-port',
  'either-port',
  'tcp-flags',
  'icmp-type',
]);

function protocolOf(conditions: readonly Condition[]): number | null {
  const found = conditions.find((one) => one.kind === 'protocol' && !one.negated);
  return found?.kind === 'protocol' ? found.protocol : null;
}

/** As iptables-translate orders them: what every packet has first. */
const order: readonly Condition['kind'][] = [
  'in-interface',
  'out-interface',
  'fragment',
  'protocol',
  'source',
  'destination',
];

function ordered(conditions: readonly Condition[]): Condition[] {
  const rank = (one: Condition) => (order.indexOf(one.kind) + order.length + 1) % (order.length + 1);
  return [...conditions].sort((a, b) => rank(a) - rank(b));
}

const nameOf = (condition: Condition): string =>
  'module' in condition ? `-m ${condition.module}` : condition.kind.replaceAll('-', ' ');
