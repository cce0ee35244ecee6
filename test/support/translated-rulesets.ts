import fc from 'fast-check';
import { parseSave, type Rule, type Ruleset, rulesetToNft } from '../../engine/netfilter/index.ts';
import { arbitraryRuleset } from '../netfilter/analyse/arbitrary-rulesets.ts';
import { arbitraryDump } from '../netfilter/arbitrary.ts';

export interface TranslatedRuleset {
  /** The rules that have a counterpart in nft. */
  readonly ruleset: Ruleset;
  /** A script for `nft -f`. */
  readonly nft: string;
}

/** Random rulesets, each with what `rules translate` makes of it; rules without counterpart are in neither. */
export function translatedRulesets(count: number, seed: number): TranslatedRuleset[] {
  const dumps = fc.sample(fc.oneof(arbitraryRuleset, arbitraryDump), { numRuns: count, seed });
  return dumps.map((dump) => {
    const whole = parseSave(dump, { family: 'ipv4' });
    const tables = whole.tables.map((table) => ({
      ...table,
      chains: table.chains.map((chain) => ({
        ...chain,
        rules: chain.rules.filter(
          (rule) => isTranslated(whole, { ...chain, rules: [rule] }) && !calls(rule, chain.name),
        ),
      })),
    }));
    const ruleset = { ...whole, backend: 'nft' as const, tables };
    return {
      ruleset,
      nft: rulesetToNft(ruleset)
        .map(({ text }) => text)
        .join('\n'),
    };
  });
}

/** No backend takes a chain that calls itself. */
const calls = ({ action }: Rule, chain: string): boolean =>
  (action.kind === 'jump' || action.kind === 'goto') && action.chain === chain;

const isTranslated = (whole: Ruleset, chain: Ruleset['tables'][number]['chains'][number]): boolean =>
  rulesetToNft({ ...whole, tables: [{ name: 'filter', chains: [chain] }] }).every(
    ({ missing }) => missing.length === 0,
  );
