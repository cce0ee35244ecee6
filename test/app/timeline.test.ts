import { expect, test } from 'vitest';
import { differencesOf } from '../../app/timeline/differences.ts';
import { changeAt, neighbour, stopsOf } from '../../app/timeline/stops.ts';
import type { NetfilterView, RuleView } from '../../engine/contract/procedures/netfilter.ts';
import type { ChangeEntry } from '../../engine/contract/procedures/timeline.ts';

const columns = { target: '', protocol: '', fragment: '', in: '', out: '', source: '', destination: '', rest: '' };
const rule = (text: string, index: number, packets: number): RuleView => ({
  key: `h${index}`,
  number: index + 1,
  text,
  words: text,
  counters: { packets, bytes: packets },
  columns,
  effect: 'accept',
  jumpsTo: null,
});
const view = (texts: readonly string[], packets = 0): NetfilterView => {
  const rules = texts.map((text, index) => rule(text, index, packets));
  const chain = {
    name: 'INPUT',
    hook: 'input' as const,
    policy: 'ACCEPT' as const,
    counters: null,
    references: 0,
    rules,
  };
  const table = {
    key: 'nft filter',
    name: 'filter',
    owner: 'iptables-nft' as const,
    unreadable: null,
    chains: [chain],
  };
  return { node: 'host', family: 'ipv4', time: 0, tables: [table], problems: [], hooks: [] };
};

test('seen from a moment, rules are gone since or came later, whatever their counters', () => {
  const { chains, count } = differencesOf(view(['a', 'b', 'b', 'c']), view(['a', 'b', 'd', 'c'], 7));
  const input = chains.get('nft filter\nINPUT');
  expect([...(input?.marks ?? [])]).toEqual([['h2', { kind: 'added' }]]);
  expect(input?.removed.map(({ text }) => text)).toEqual(['d']);
  expect(input?.words?.added).toBe('gone');
  expect(count).toBe(2);
  expect(differencesOf(view(['a']), view(['a'], 3)).count).toBe(0);
});

const change = (first: number, last: number, provisioning = false): ChangeEntry => ({
  kind: 'change',
  id: `s${first}`,
  time: first,
  until: last,
  node: 'host',
  process: 'iptables',
  by: null,
  first,
  last,
  steps: 1,
  listedSingly: true,
  summary: '',
  changes: [],
  total: 1,
  provisioning,
});

test('a scrubber goes from what the lab began with to the last state, and jumps from change to change', () => {
  const stops = stopsOf([change(0, 3, true), change(4, 6), change(9, 9)], 12);
  if (!stops) throw new Error('no stops');
  expect([stops.first, stops.last]).toEqual([3, 11]);
  expect([3, 5, 8, 11].map((state) => changeAt(stops, state)?.first ?? null)).toEqual([null, 4, 4, 9]);
  expect([3, 6, 9].map((state) => neighbour(stops, state, 'later'))).toEqual([6, 9, 11]);
  expect([11, 9, 6].map((state) => neighbour(stops, state, 'earlier'))).toEqual([9, 6, 3]);
  expect(stopsOf([], null)).toBeNull();
  expect(stopsOf([], 1)).toMatchObject({ first: 0, last: 0 });
});
