import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareRulesets,
  diffRulesets,
  parseRule,
  parseSave,
  printRule,
  printSave,
  RulesetSyntaxError,
  ruleKey,
  sameRule,
} from '../../engine/netfilter/index.ts';
import { quoteWords, splitWords } from '../../engine/netfilter/words.ts';
import { arbitraryDump, arbitraryRule } from './arbitrary.ts';

const onlySyntaxErrors = (run: () => unknown) => {
  try {
    run();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RulesetSyntaxError);
  }
};

describe('for any input', () => {
  it('parsing any text throws nothing but RulesetSyntaxError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => onlySyntaxErrors(() => parseSave(text))),
      { numRuns: 2000 },
    );
  });

  it('parsing a damaged dump throws nothing but RulesetSyntaxError', () => {
    const damaged = fc
      .tuple(arbitraryDump, fc.nat(), fc.nat(20), fc.string({ unit: 'binary', maxLength: 10 }))
      .map(([dump, at, cut, put]) => {
        const place = dump.length === 0 ? 0 : at % dump.length;
        return dump.slice(0, place) + put + dump.slice(place + cut);
      });
    fc.assert(
      fc.property(damaged, (text) => onlySyntaxErrors(() => printSave(parseSave(text)))),
      { numRuns: 2000 },
    );
  });

  it('what parses is printed back byte for byte', () => {
    const damaged = fc
      .tuple(arbitraryDump, fc.nat(), fc.constantFrom(' ', '\t', '"', '\r', '\n', '', '\n\n', '# x\n'))
      .map(([dump, at, put]) => {
        const place = dump.length === 0 ? 0 : at % dump.length;
        return dump.slice(0, place) + put + dump.slice(place);
      });
    fc.assert(
      fc.property(fc.oneof(arbitraryDump, damaged), (text) => {
        let printed = text;
        onlySyntaxErrors(() => {
          printed = printSave(parseSave(text));
        });
        expect(printed).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('words survive quoting', () => {
    const word = fc.string({ maxLength: 20 }).filter((text) => !/[\n\r\0]/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        expect(splitWords(quoteWords(words)).words).toEqual(words);
      }),
    );
  });
});

describe('comparison', () => {
  it('is an equivalence, whatever the order of options', () => {
    fc.assert(
      fc.property(arbitraryRule, fc.infiniteStream(fc.nat()), ({ parts, family }, order) => {
        const shuffled = [...parts].map((part) => ({ part, at: order.next().value ?? 0 })).sort((a, b) => a.at - b.at);
        const a = parseRule(parts.join(' '), family);
        const b = parseRule(shuffled.map(({ part }) => part).join(' '), family);
        expect(sameRule(a, b)).toBe(true);
        expect(sameRule(b, a)).toBe(true);
        expect(sameRule(parseRule(printRule(a), family), a)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('finds two rules the same exactly when their keys are equal', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitraryRule, (one, other) => {
        const a = parseRule(one.parts.join(' '), one.family);
        const b = parseRule(other.parts.join(' '), other.family);
        expect(sameRule(a, b)).toBe(ruleKey(a) === ruleKey(b));
      }),
    );
  });

  it('agrees with diff, and canonical print keeps the meaning', () => {
    fc.assert(
      fc.property(arbitraryDump, arbitraryDump, (one, other) => {
        const a = parseSave(one);
        const b = parseSave(other);
        const edits = diffRulesets(a, b).filter((edit) => edit.kind !== 'counters');
        expect(edits.length === 0).toBe(compareRulesets(a, b).same);
        expect(compareRulesets(a, parseSave(printSave(a, { canonical: true }))).same).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
