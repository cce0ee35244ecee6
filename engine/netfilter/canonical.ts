import type { Rule } from './model.ts';

/** The words iptables-save of today would print for the rule. */
export function canonicalWords(rule: Rule): readonly string[] {
  return rule.words;
}
