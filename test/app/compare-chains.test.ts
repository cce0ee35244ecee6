import { expect, test } from 'vitest';
import { compareChains } from '../../app/netfilter/compare-chains.ts';
import type { RuleView } from '../../engine/contract/procedures/netfilter.ts';

const rule = (key: string, number: number, packets = 0, text = key): RuleView => ({
  key,
  number,
  text,
  words: text,
  counters: { packets, bytes: packets * 84 },
  columns: {
    target: 'ACCEPT',
    protocol: 'all',
    fragment: '--',
    in: '*',
    out: '*',
    source: '0.0.0.0/0',
    destination: '0.0.0.0/0',
    rest: '',
  },
  effect: 'accept',
  jumpsTo: null,
});
const chain = (...keys: string[]): RuleView[] => keys.map((key, index) => rule(key, index + 1));

const changes = (before: RuleView[], after: RuleView[]) => {
  const { marks, removed } = compareChains(before, after);
  return { marks: Object.fromEntries(marks), removed: removed.map(({ key }) => key) };
};

test('a rule that comes first is new, and those that it pushes down have not moved', () => {
  expect(changes(chain('a', 'b'), chain('new', 'a', 'b'))).toEqual({ marks: { new: { kind: 'added' } }, removed: [] });
});

test('a rule that goes is removed, and those that follow have not moved', () => {
  expect(changes(chain('a', 'b', 'c'), chain('b', 'c'))).toEqual({ marks: {}, removed: ['a'] });
});

test('the one rule that changes places has moved', () => {
  expect(changes(chain('a', 'b', 'c', 'd'), chain('d', 'a', 'b', 'c'))).toEqual({
    marks: { d: { kind: 'moved' } },
    removed: [],
  });
});

test('another text under the same key is a change', () => {
  expect(changes([rule('a', 1)], [rule('a', 1, 0, 'other')]).marks).toEqual({ a: { kind: 'changed' } });
});

test('a counter that rises is a match by so many packets; one that is zeroed is nothing', () => {
  expect(changes([rule('a', 1, 5)], [rule('a', 1, 8)]).marks).toEqual({ a: { kind: 'matched', packets: 3 } });
  expect(changes([rule('a', 1, 5)], [rule('a', 1, 0)]).marks).toEqual({});
});
