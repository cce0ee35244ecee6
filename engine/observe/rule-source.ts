import { canonicalWords, parseRule } from '../netfilter/index.ts';
import type { Family, Rule } from '../netfilter/model.ts';
import { readBytecode } from '../netfilter/nft/bytecode.ts';
import type { NftExpression } from '../netfilter/nft/expressions.ts';

/** Everything that is known of one rule. Its handle may have been another's before it: iptables -R keeps the handle. */
export interface RuleSource {
  readonly family: Family;
  readonly handle: number;
  /** What iptables-save prints after `-A CHAIN`; lossy for a rule that nft wrote. */
  words: string | null;
  /** The generation that it came with, where its coming was seen. */
  since?: number;
  /** nf_tables' expressions, where its coming was seen. */
  expressions: readonly NftExpression[] | null;
  /** A reading of its node came after it: what it did not tell is never told. */
  final?: boolean;
}

/** Rules by family and text: a lab's rules come again and again through the states of a timeline. */
export class RuleReader {
  readonly #byText = new Map<string, Rule>();
  readonly #bySource = new WeakMap<RuleSource, Rule>();
  readonly #wordsByExpressions = new Map<string, string>();

  /** Remembers how iptables prints these expressions, for rules of the same expressions that no reading met. */
  learn(source: RuleSource): void {
    if (source.words === null || source.expressions === null) return;
    this.#wordsByExpressions.set(keyOf(source), source.words);
  }

  /** The rule, without counters. Never wrong: what is not known of it is `unseen`. */
  read(source: RuleSource): Rule {
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    const rule = { ...this.#readBody(source), handle: source.handle };
    if (isSettled(source)) this.#bySource.set(source, rule);
    return rule;
  }

  #readBody(source: RuleSource): Rule {
    const decoded = source.expressions === null ? null : readBytecode(source.expressions, source.family);
    const words =
      source.words ?? (source.expressions === null ? null : (this.#wordsByExpressions.get(keyOf(source)) ?? null));
    if (words !== null && decoded?.wroteByIptables !== false)
      return { ...this.#parse(words, source.family), origin: 'iptables' };
    if (decoded !== null) {
      const { conditions, action } = decoded;
      const origin = decoded.wroteByIptables ? 'iptables' : 'nft';
      const rule: Rule = { words: [], line: 0, counters: null, conditions, action, origin };
      return { ...rule, words: canonicalWords(rule) };
    }
    return {
      words: [],
      line: 0,
      counters: null,
      conditions: [{ kind: 'unseen', module: '?' }],
      action: { kind: 'unseen', target: '?' },
    };
  }

  #parse(words: string, family: Family): Rule {
    const key = `${family} ${words}`;
    const known = this.#byText.get(key);
    if (known !== undefined) return known;
    const rule = parseRule(words, family);
    this.#byText.set(key, rule);
    return rule;
  }
}

/** Nothing more will be known of it: what was made of it may be kept. */
export const isSettled = (source: RuleSource): boolean => source.words !== null || source.final === true;

/** The same expressions mean the same text, whatever the chain; counters are no part of it. */
function keyOf(source: RuleSource): string {
  const plain = source.expressions?.filter((expression) => expression.name !== 'counter');
  return `${source.family} ${JSON.stringify(plain)}`;
}
