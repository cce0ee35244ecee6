/**
 * Findings about tables of nft's family `inet`, which packets of both families meet: what is said of a rule has to hold for both, unless the
 * rule is about one of them alone.
 */

import { findTable } from '../find.ts';
import type { Ruleset } from '../model.ts';
import type { Finding, FindingCode } from './finding.ts';

const dead: ReadonlySet<FindingCode> = new Set(['shadowed', 'unreachable', 'never-matches']);
const idle: ReadonlySet<FindingCode> = new Set([...dead, 'redundant', 'same-as-policy']);
const aboutChains: ReadonlySet<FindingCode> = new Set(['unused-chain', 'empty-chain']);

/** The findings of the one family's view of a table with those of the other's. */
export function mergeFamilies(
  table: string,
  a: { readonly ruleset: Ruleset; readonly findings: readonly Finding[] },
  b: { readonly ruleset: Ruleset; readonly findings: readonly Finding[] },
): Finding[] {
  const held = [...holding(table, a.findings, b), ...holding(table, b.findings, a)];
  const seen = new Set<string>();
  return held.filter((finding) => {
    const { code, chain, rules, message } = finding;
    // A rule that is dead for one family and only redundant for the other is redundant.
    const key =
      idle.has(code) && rules.length > 0
        ? `${chain} ${rules[0]}`
        : `${code} ${chain} ${rules} ${keyText(code, message)}`;
    if (rules.length > 0 && dead.has(code) && held.some((other) => isWeaker(other, finding))) return false;
    return !seen.has(key) && seen.add(key);
  });
}

/** Of these there may be several about one chain. */
const keyText = (code: FindingCode, message: string): string => (code === 'not-analysed' ? message : '');

const isWeaker = (other: Finding, { chain, rules }: Finding): boolean =>
  other.chain === chain &&
  idle.has(other.code) &&
  !dead.has(other.code) &&
  other.rules.some((rule) => rules.includes(rule));

/** Those that hold for the other family's packets too; what they say of rules, of the rules for which it does. */
function holding(
  table: string,
  findings: readonly Finding[],
  other: { readonly ruleset: Ruleset; readonly findings: readonly Finding[] },
): Finding[] {
  const isAnalysed = !other.findings.some(({ code }) => code === 'not-analysed');
  return findings.flatMap((finding) => {
    const { code, chain, rules } = finding;
    if (aboutChains.has(code)) {
      return other.findings.some((one) => one.code === code && one.chain === chain) ? [finding] : [];
    }
    if (!idle.has(code)) return [finding];
    const kept = rules.filter((rule) => {
      if (!has(other.ruleset, table, chain, rule)) return true;
      const said = other.findings.some((one) => idle.has(one.code) && one.chain === chain && one.rules.includes(rule));
      return said && isAnalysed;
    });
    return kept.length === 0 ? [] : [kept.length === rules.length ? finding : { ...finding, rules: kept }];
  });
}

function has(ruleset: Ruleset, table: string, chain: string, number: number): boolean {
  const found = findTable(ruleset, table)?.chains.find(({ name }) => name === chain);
  return found?.rules.some((rule, index) => (rule.number ?? index + 1) === number) === true;
}
