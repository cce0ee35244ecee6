import { canonicalWords } from '../canonical.ts';
import type { Condition } from '../model.ts';
import { quoteWords } from '../words.ts';

/** A condition as it would be typed. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'unseen') return `-m ${condition.module}`;
  return quoteWords(
    canonicalWords({ words: [], line: 0, counters: null, conditions: [condition], action: { kind: 'none' } }),
  );
}
