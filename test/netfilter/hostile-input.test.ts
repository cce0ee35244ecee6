import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalWords,
  describeRule,
  type Family,
  parseRule,
  parseSave,
  printSave,
  type Rule,
  RulesetSyntaxError,
  ruleKey,
  sameRule,
} from '../../engine/netfilter/index.ts';
import { quoteWords } from '../../engine/netfilter/words.ts';

/** Whatever is read: a ruleset, or an error that says where. Never a crash, never a hang. */
const root = join(import.meta.dirname, '../fixtures/netfilter');
const dumps = readdirSync(root)
  .filter((name) => name !== 'forms')
  .map((name) => readFileSync(join(root, name, 'dump'), 'utf8'));

const forms = (['ipv4', 'ipv6'] as const).flatMap((family) =>
  readFileSync(join(root, `forms/${family}.tsv`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ({ family, words: line.split('\t')[0]?.split(' ').slice(2) ?? [] })),
);

/** The value, or null for an error that names a place in one of these lines, or behind the last. */
function readOrRefused<T>(lines: readonly string[], read: () => T): T | null {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof RulesetSyntaxError)) throw thrown;
    expect(thrown.line).toBeGreaterThanOrEqual(1);
    expect(thrown.line).toBeLessThanOrEqual(lines.length + 1);
    expect(thrown.column).toBeGreaterThanOrEqual(1);
    expect(thrown.column).toBeLessThanOrEqual((lines[thrown.line - 1] ?? '').length + 1);
    expect(thrown.expected).not.toBe('');
    return null;
  }
}

/** A rule that was read can be said, printed and read again as the same. */
function isWhole(rule: Rule, family: Family): void {
  expect(describeRule(rule)).toMatch(/^[A-Z]/);
  expect(ruleKey(rule)).not.toBe('');
  const again = parseRule(quoteWords(canonicalWords(rule)), family);
  expect(sameRule(again, rule), quoteWords(canonicalWords(rule))).toBe(true);
}

const runs = { numRuns: 400 };
const dump = fc.constantFrom(...dumps);
const nasty = fc.oneof(
  fc.constantFrom(
    '\0',
    '"',
    "'",
    '\\',
    '!',
    '! !',
    '-',
    '--',
    '-m',
    '-j',
    '-A',
    '*',
    ':',
    'COMMIT',
    '#',
    '[',
    ']',
    '\r',
    '\n',
    '\t',
  ),
  fc.constantFrom(
    '-m zzz',
    '--zzz 5',
    '--dport',
    '--dport 99999999999999999999',
    '-p 300',
    '-s 1.2.3.4.5',
    '--ctstate ,',
    '[1:',
    '\u{1F600}',
    '\uD800',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

describe('hostile dumps are read or refused', () => {
  it('cut anywhere', () => {
    fc.assert(
      fc.property(dump, fc.double({ min: 0, max: 1, noNaN: true }), (text, at) => {
        const cut = text.slice(0, Math.floor(text.length * at));
        const read = readOrRefused(cut.split('\n'), () => parseSave(cut));
        if (read !== null) expect(printSave(read)).toBe(cut);
      }),
      runs,
    );
  });

  it('with anything put into them', () => {
    fc.assert(
      fc.property(
        dump,
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), nasty), { minLength: 1, maxLength: 4 }),
        (text, parts) => {
          let changed = text;
          for (const [at, part] of parts) {
            const place = Math.floor(changed.length * at);
            changed = changed.slice(0, place) + part + changed.slice(place);
          }
          const read = readOrRefused(changed.split('\n'), () => parseSave(changed));
          if (read !== null) expect(printSave(read)).toBe(changed);
        },
      ),
      runs,
    );
  });

  it('of any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        readOrRefused(text.split('\n'), () => parseSave(text));
        const inTable = `*filter\n-A INPUT ${text}\nCOMMIT\n`;
        readOrRefused(inTable.split('\n'), () => parseSave(inTable));
      }),
      runs,
    );
  });
});

describe('hostile rules are read or refused, and what is read is whole', () => {
  const check = (words: readonly string[], family: Family) => {
    const text = words.join(' ');
    const rule = readOrRefused([text], () => parseRule(text, family));
    if (rule !== null) isWhole(rule, family);
  };
  const form = fc.constantFrom(...forms);

  it('with a "!" too many', () => {
    check(['-m', 'zzz', '-m', 'policy', '--dir', '!', '!', '--pol', 'ipsec'], 'ipv6');
    expect(() => parseRule('-m policy --dir ! ! --pol ipsec', 'ipv4')).toThrow('--dir needs a value');
  });

  it('with words left out, put in and taken twice', () => {
    const edit = fc.record({ at: fc.nat({ max: 30 }), how: fc.constantFrom('drop', 'double', 'put'), word: nasty });
    fc.assert(
      fc.property(form, fc.array(edit, { minLength: 1, maxLength: 4 }), ({ family, words }, edits) => {
        const changed = [...words];
        for (const { at, how, word } of edits) {
          const place = changed.length === 0 ? 0 : at % changed.length;
          if (how === 'drop') changed.splice(place, 1);
          else changed.splice(place, 0, how === 'put' ? word : (changed[place] ?? word));
        }
        check(changed, family);
      }),
      { numRuns: 2000 },
    );
  });

  it('with the options of one behind those of another', () => {
    fc.assert(
      fc.property(form, form, (one, other) => check([...one.words, ...other.words], one.family)),
      { numRuns: 2000 },
    );
  });

  it('with values of any kind', () => {
    const value = fc.oneof(
      fc.constantFrom(
        '',
        '0',
        '-1',
        '65536',
        '0x',
        '1:',
        ':',
        '1:2:3',
        '5-1',
        '1/2/3',
        '::',
        '10.0.0.0/33',
        'root',
        'src,dst,src',
        'NONE',
        '4294967296',
      ),
      fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
    );
    fc.assert(
      fc.property(form, fc.nat({ max: 30 }), value, ({ family, words }, at, text) => {
        const values = words.flatMap((word, index) => (word.startsWith('-') || word === '!' ? [] : [index]));
        const place = values[at % Math.max(1, values.length)];
        check(
          words.map((word, index) => (index === place ? quoteWords([text]) : word)),
          family,
        );
      }),
      { numRuns: 3000 },
    );
  });
});
