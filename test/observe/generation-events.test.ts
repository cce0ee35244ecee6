import { expect, test } from 'vitest';
import { applyEvents, type Tables } from '../../engine/observe/generation-events.ts';
import type { NftEvent } from '../../engine/observe/records.ts';

const rule = (handle: number, more: Partial<NftEvent> = {}): NftEvent => ({
  op: 'newrule',
  family: 'ip',
  table: 'filter',
  chain: 'INPUT',
  handle,
  counters: [0, 0],
  ...more,
});
const append = (handle: number, position?: number) =>
  rule(handle, { flags: ['append', 'create'], ...(position === undefined ? {} : { position }) });
const gone = (handle: number): NftEvent => ({
  op: 'delrule',
  family: 'ip',
  table: 'filter',
  chain: 'INPUT',
  handle,
  counters: [1, 60],
});
const apply = (tables: Tables, ...events: NftEvent[]) =>
  applyEvents(tables, events, {
    arrive: ({ family }, event) => ({ family, handle: event.handle ?? 0, words: null, expressions: null }),
    forget: () => undefined,
  });
const handles = (tables: Tables, chain = 'INPUT') =>
  tables
    .get('ipv4 filter')
    ?.chains.get(chain)
    ?.rules.map((entry) => entry.source.handle);
const none: Tables = new Map();

test('appended rules stand at the end, inserted ones at the beginning or after the rule before them', () => {
  const two = apply(none, append(2, undefined), append(3));
  expect(handles(two)).toEqual([2, 3]);
  expect(handles(apply(two, rule(4)))).toEqual([4, 2, 3]);
  expect(handles(apply(two, rule(4, { position: 2 })))).toEqual([2, 4, 3]);
});

test('one transaction of appends says after which rule each stands, but for the last', () => {
  expect(handles(apply(none, append(2), append(3, 2), append(4, 3), append(5)))).toEqual([2, 3, 4, 5]);
});

test('inserts of one transaction stand after rules that are told later', () => {
  const one = apply(none, append(2));
  expect(handles(apply(one, rule(3, { position: 4 }), rule(4)))).toEqual([4, 3, 2]);
});

test('a replacement stands where the rule stood that it replaced, also at the end', () => {
  const three = apply(none, append(2), append(3), append(4));
  expect(handles(apply(three, gone(4), rule(5, { flags: ['replace'] })))).toEqual([2, 3, 5]);
  expect(handles(apply(three, gone(3), rule(5, { flags: ['replace'], position: 2 })))).toEqual([2, 5, 4]);
});

test('a flush of five thousand rules is quick', () => {
  const numbers = Array.from({ length: 5000 }, (_, index) => index + 2);
  const full = apply(none, ...numbers.map((handle) => append(handle)));
  const began = performance.now();
  expect(handles(apply(full, ...numbers.map(gone)))).toEqual([]);
  expect(performance.now() - began).toBeLessThan(500);
});

test('chains come, get a policy, and go; what is not touched is the same object', () => {
  const chain = (op: string, name: string, more: Partial<NftEvent> = {}): NftEvent => ({
    op,
    family: 'ip',
    table: 'filter',
    chain: name,
    ...more,
  });
  const before = apply(none, chain('newchain', 'TEST'), append(2));
  const after = apply(before, chain('newchain', 'FORWARD', { policy: 0 }), chain('delchain', 'TEST'));
  expect([...(after.get('ipv4 filter')?.chains.keys() ?? [])]).toEqual(['INPUT', 'FORWARD']);
  expect(after.get('ipv4 filter')?.chains.get('FORWARD')?.policy).toBe('DROP');
  expect(after.get('ipv4 filter')?.chains.get('INPUT')).toBe(before.get('ipv4 filter')?.chains.get('INPUT'));
});

test('a table of nft’s own is one for each family of packets that meets it', () => {
  const base: NftEvent = {
    op: 'newchain',
    family: 'inet',
    table: 'fw',
    chain: 'c',
    hook: { number: 3, priority: -100 },
    type: 'nat',
    policy: 1,
  };
  const tables = apply(none, base, { ...append(2, undefined), family: 'inet', table: 'fw', chain: 'c' });
  expect([...tables.keys()]).toEqual(['ipv4 inet fw', 'ipv6 inet fw']);
  expect(tables.get('ipv6 inet fw')?.chains.get('c')).toMatchObject({
    policy: 'ACCEPT',
    base: { hook: 'output', type: 'nat', priority: -100 },
    rules: [{ source: { family: 'ipv6', handle: 2 } }],
  });
  expect([...apply(none, { ...append(2, undefined), table: 'mine' }).keys()]).toEqual(['ipv4 ip mine']);
});

test('tables that no packet of IP meets are left alone', () => {
  expect(apply(none, rule(2, { family: 'netdev' })).size).toBe(0);
});
