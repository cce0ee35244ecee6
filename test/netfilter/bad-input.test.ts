import { describe, expect, it } from 'vitest';
import { parseRule, parseSave, RulesetSyntaxError } from '../../engine/netfilter/index.ts';

function failure(run: () => unknown): { line: number; column: number; expected: string } {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof RulesetSyntaxError)
      return { line: thrown.line, column: thrown.column, expected: thrown.expected };
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

const inFilter = (rule: string) => `*filter\n:INPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`;

describe('what is no ruleset is refused with line and column', () => {
  it.each([
    ['a line outside a table', ':INPUT ACCEPT\n', 1, 1],
    ['a table without COMMIT', '*filter\n:INPUT ACCEPT\n', 3, 1],
    ['a table without a name', '*\nCOMMIT\n', 1, 2],
    ['a policy that is none', '*filter\n:INPUT REJECT [0:0]\nCOMMIT\n', 2, 8],
    ['counters that are none', '*filter\n:INPUT ACCEPT [0]\nCOMMIT\n', 2, 15],
    ['a chain declared twice', '*filter\n:a - [0:0]\n:a - [0:0]\nCOMMIT\n', 3, 2],
    ['a chain that nobody declared', '*filter\n-A web -j DROP\nCOMMIT\n', 2, 4],
    ['a port out of range', inFilter('-A INPUT -p tcp --dport 65536 -j DROP'), 3, 25],
    ['a range the wrong way round', inFilter('-A INPUT -p tcp --dport 9:1 -j DROP'), 3, 25],
    ['an address that is none', inFilter('-A INPUT -s 10.0.0.300 -j DROP'), 3, 13],
    ['a protocol that is none', inFilter('-A INPUT -p tpc -j DROP'), 3, 13],
    ['a flag that is none', inFilter('-A INPUT -p tcp --tcp-flags SYN,FOO SYN'), 3, 29],
    ['a state that is none', inFilter('-A INPUT -m state --state OLD'), 3, 27],
    ['an unknown option', inFilter('-A INPUT -p tcp --nonsense 1'), 3, 17],
    ['an option without its value', inFilter('-A INPUT -p tcp --dport'), 3, 17],
    ['a second target', inFilter('-A INPUT -j DROP -j ACCEPT'), 3, 18],
    ['a second protocol', inFilter('-A INPUT -p tcp -p udp'), 3, 20],
    ['a match without a name', inFilter('-A INPUT -m "" --foo 1'), 3, 13],
    ['a match that is negated', inFilter('-A INPUT ! -m tcp'), 3, 12],
    ['a target without a name', inFilter('-A INPUT -j ""'), 3, 13],
    ['nothing but "!" for a value', inFilter('-A INPUT -i ! ! -j DROP'), 3, 15],
    ['a word that stands nowhere', inFilter('-A INPUT tcp -j DROP'), 3, 10],
    ['a quote that never closes', inFilter('-A INPUT -m comment --comment "abc'), 3, 31],
    ['a cut line', '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tc', 4, 1],
    ['an ambiguous abbreviation', inFilter('-A INPUT -p tcp -m multiport --d 80'), 3, 30],
  ])('%s', (_, text, line, column) => {
    const found = failure(() => parseSave(text));
    expect({ line: found.line, column: found.column }).toEqual({ line, column });
    expect(found.expected).not.toBe('');
  });

  it('counts columns in the line as it stands, counters included', () => {
    expect(failure(() => parseSave(inFilter('[1:2] -A INPUT  -p tcp --dport x')))).toMatchObject({
      line: 3,
      column: 32,
    });
  });

  it('says line 1 for a rule on its own', () => {
    expect(failure(() => parseRule('-p tcp --dport nope', 'ipv4'))).toMatchObject({ line: 1, column: 16 });
  });
});

describe('long lines take linear time', () => {
  const lines: readonly (readonly [string, string])[] = [
    ['options', '-m comment --comment a '],
    ['unknown modules', '-m xyz --foo 1 '],
    ['implied modules', '-p tcp --dpo 1 '],
    ['modules without options', '-m tcp '],
    ['exclamation marks', '! '],
    ['quotes', '"" '],
    ['unknown options', '--zz '],
  ];
  const seconds = (text: string) => {
    const start = performance.now();
    try {
      parseSave(text);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(RulesetSyntaxError);
    }
    return (performance.now() - start) / 1000;
  };

  it.each(lines)(
    '%s',
    (_, piece) => {
      // 10 MB. Quadratic time would be hours; the limit leaves room for a busy machine.
      expect(seconds(inFilter(`-A INPUT ${piece.repeat(Math.ceil(1e7 / piece.length))}`))).toBeLessThan(60);
    },
    90_000,
  );
});
