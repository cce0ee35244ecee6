import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { netfilterViewSchema } from '../../engine/contract/procedures/netfilter.ts';
import { NetfilterViewer } from '../../engine/host/views/netfilter-view.ts';
import { dumpOf, nodeWith } from './snapshots.ts';

const viewOf = (...parameters: Parameters<typeof nodeWith>) => {
  const view = new NetfilterViewer('ipv4').view(nodeWith(...parameters));
  return netfilterViewSchema.parse(view);
};

test('hooks name their base chains in the order in which packets meet them', () => {
  const view = viewOf([{ text: dumpOf('four-tables-nft-counters') }]);
  const ways = view.hooks.map(({ hook, chains }) => [
    hook,
    chains.map(({ table, chain, priority }) => `${table} ${chain} ${priority}`),
  ]);
  expect(Object.fromEntries(ways)).toMatchObject({
    prerouting: ['nft raw PREROUTING -300', 'nft mangle PREROUTING -150', 'nft nat PREROUTING -100'],
    forward: ['nft mangle FORWARD -150', 'nft filter FORWARD 0'],
    output: ['nft raw OUTPUT -300', 'nft mangle OUTPUT -150', 'nft nat OUTPUT -100', 'nft filter OUTPUT 0'],
  });
});

test('a rule has its columns, words, effect and the chain that it jumps to', () => {
  const view = viewOf([{ text: dumpOf('four-tables-nft-counters') }]);
  const filter = view.tables.find(({ name }) => name === 'filter');
  const input = filter?.chains.find(({ name }) => name === 'INPUT');
  expect(input).toMatchObject({ hook: 'input', policy: 'ACCEPT', references: 0 });
  const jump = input?.rules.find(({ jumpsTo }) => jumpsTo === 'web');
  expect(jump).toMatchObject({
    text: '-p tcp -m multiport --dports 80,443 -j web',
    words: 'Send TCP packets to ports 80 or 443 through chain web.',
    effect: 'jump',
    columns: { target: 'web', protocol: 'tcp', in: '*', source: '0.0.0.0/0', rest: 'multiport dports 80,443' },
  });
  expect(filter?.chains.find(({ name }) => name === 'web')).toMatchObject({ hook: null, policy: null, references: 1 });
});

test('tables of iptables-legacy stand beside those of nf_tables', () => {
  const view = viewOf([
    { text: dumpOf('four-tables-nft') },
    { text: dumpOf('four-tables-legacy-counters'), backend: 'legacy' },
  ]);
  const filters = view.tables.filter(({ name }) => name === 'filter');
  expect(filters.map(({ owner }) => owner)).toEqual(['iptables-nft', 'iptables-legacy']);
  expect(new Set(view.tables.map(({ key }) => key)).size).toBe(view.tables.length);
});

test("rules of nft's own tables are in nft's words, one for each rule of the kernel", () => {
  const file = join(import.meta.dirname, '../fixtures/nft/kube-proxy');
  const json: unknown = JSON.parse(readFileSync(`${file}.json`, 'utf8'));
  const view = viewOf([], { nftTables: [{ family: 'ip', name: 'kube-proxy', json }] });
  const [table] = view.tables;
  expect(table).toMatchObject({ name: 'ip kube-proxy', owner: 'nft' });
  const texts = table?.chains.map(({ name, rules }) => [name, rules.map(({ text }) => text)]);
  expect(Object.fromEntries(texts ?? [])).toEqual(chainsIn(readFileSync(`${file}.nft`, 'utf8')));
  expect(view.hooks.find(({ hook }) => hook === 'output')?.chains).toEqual([
    { table: 'own ip kube-proxy', chain: 'filter-output-pre', priority: -110 },
    { table: 'own ip kube-proxy', chain: 'nat-output', priority: -100 },
  ]);
});

/** Rules of each chain as nft listed them. */
function chainsIn(text: string): Record<string, string[]> {
  const chains = text.matchAll(/\tchain (\S+) \{\n([\s\S]*?)\t\}/g);
  return Object.fromEntries(
    [...chains].map(([, name = '', body = '']) => [
      name,
      body
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.startsWith('type ')),
    ]),
  );
}

test('a table that could not be read says why', () => {
  const view = viewOf([{ text: dumpOf('table-that-iptables-cannot-read') }], {
    problems: [{ section: 'iptables', message: 'the rules changed faster than they could be read' }],
  });
  expect(view.tables.some(({ unreadable, chains }) => unreadable !== null && chains.length === 0)).toBe(true);
  expect(view.problems).toEqual(['the rules changed faster than they could be read']);
});

test('a node without rules has no tables and nothing on its hooks', () => {
  const view = viewOf([]);
  expect(view.tables).toEqual([]);
  expect(view.hooks.flatMap(({ chains }) => chains)).toEqual([]);
});
