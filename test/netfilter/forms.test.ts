import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalWords, describeRule, type Family, parseRule, sameRule } from '../../engine/netfilter/index.ts';
import { quoteWords } from '../../engine/netfilter/words.ts';

interface Form {
  readonly family: Family;
  readonly typed: string;
  readonly printed: string;
}

/** `TABLE CHAIN RULE<tab>-A CHAIN RULE`: what was typed, and what iptables-save 1.8.11 printed for it; test/docker/extension-forms asks the kernel again. */
function readForms(family: Family): Form[] {
  const text = readFileSync(join(import.meta.dirname, `../fixtures/netfilter/forms/${family}.tsv`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [typed = '', printed = ''] = line.split('\t').map((side) => side.split(' ').slice(2).join(' '));
      return { family, typed, printed };
    });
}

const forms = [...readForms('ipv4'), ...readForms('ipv6')];

describe.each(forms)('$typed ($family)', ({ family, typed, printed }) => {
  it('means the same as what iptables-save prints for it', () => {
    expect(sameRule(parseRule(typed, family), parseRule(printed, family))).toBe(true);
  });

  it('keeps its meaning in canonical words', () => {
    const rule = parseRule(typed, family);
    expect(sameRule(parseRule(quoteWords(canonicalWords(rule)), family), rule)).toBe(true);
  });

  it('is said in one line', () => {
    expect(describeRule(parseRule(typed, family))).toMatch(/^[A-Z][^\n]+\.( \(comment: .*\))?$/);
  });
});

describe('canonical words', () => {
  const same = forms.filter(
    ({ family, typed, printed }) => quoteWords(canonicalWords(parseRule(typed, family))) === printed,
  );

  it('are those of iptables-save for what is typed and needs no untyped extension', () => {
    const untyped = forms.filter(({ family, printed }) =>
      JSON.stringify(parseRule(printed, family)).includes('"opaque"'),
    );
    const wrong = forms
      .filter((form) => !same.includes(form) && !untyped.includes(form))
      // `state` has become `conntrack`, NOTRACK is CT's option, a multiport of one range is that range, and all ports are no condition.
      .filter(({ typed }) => !/-m state|-m multiport|0:65535|-j NOTRACK|nflog-range/.test(typed));
    expect(wrong.map(({ typed }) => typed)).toEqual([]);
  });

  it('keep what --limit-iface-out speaks of apart from what it does not', () => {
    const text = '-m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL';
    expect(quoteWords(canonicalWords(parseRule(`${text} -j MASQUERADE`, 'ipv4')))).toBe(`${text} -j MASQUERADE`);
  });
});
