import { expect, test } from 'vitest';
import { NetfilterViewer } from '../../engine/host/views/netfilter-view.ts';
import { nodeWith } from './snapshots.ts';

const dump = (...rules: string[]): string =>
  ['*filter', ':INPUT ACCEPT [0:0]', ...rules.map((rule) => `[0:0] -A INPUT ${rule}`), 'COMMIT', ''].join('\n');

const ssh = '-p tcp -m tcp --dport 22 -j ACCEPT';
const web = '-p tcp -m tcp --dport 80 -j ACCEPT';
const ping = '-p icmp -j DROP';

/** Keys by text, reading after reading, of a table that has no handles. */
function keysOf(...readings: (readonly string[])[]): Map<string, string>[] {
  const viewer = new NetfilterViewer('ipv4');
  return readings.map((rules) => {
    const view = viewer.view(nodeWith([{ text: dump(...rules), backend: 'legacy' }]));
    const found = view.tables[0]?.chains[0]?.rules ?? [];
    expect(new Set(found.map(({ key }) => key)).size).toBe(found.length);
    return new Map(found.map(({ text, key }) => [text, key]));
  });
}

test('a rule keeps its key when others come before it or go', () => {
  const [before, after, last] = keysOf([ssh, web], [ping, ssh, web], [web]);
  expect(after?.get(ssh)).toBe(before?.get(ssh));
  expect(last?.get(web)).toBe(before?.get(web));
  expect([...(before?.values() ?? [])]).not.toContain(after?.get(ping));
});

test('a rule that is moved keeps its key', () => {
  const [before, after] = keysOf([ssh, web, ping], [ping, ssh, web]);
  for (const rule of [ssh, web, ping]) expect(after?.get(rule)).toBe(before?.get(rule));
});

test('another version of a rule has its key', () => {
  const changed = '-p tcp -m tcp --dport 22 -j DROP';
  const [before, after] = keysOf([web, ssh], [web, changed]);
  expect(after?.get(changed)).toBe(before?.get(ssh));
});

test('a key is not given again to another rule', () => {
  const [before, , again] = keysOf([ssh], [], [ping]);
  expect(again?.get(ping)).not.toBe(before?.get(ssh));
});

test('handles decide where the kernel gives them: twins stay apart', () => {
  const viewer = new NetfilterViewer('ipv4');
  const withHandles = (...handles: number[]) => {
    const node = nodeWith([{ text: dump(...handles.map(() => ssh)) }]);
    const rulesets = node.rulesets.map((one) => ({
      ...one,
      ruleset: {
        ...one.ruleset,
        tables: one.ruleset.tables.map((table) => ({
          ...table,
          chains: table.chains.map((chain) => ({
            ...chain,
            rules: chain.rules.map((rule, index) => ({ ...rule, handle: handles[index] ?? 0 })),
          })),
        })),
      },
    }));
    return viewer.view({ ...node, rulesets }).tables[0]?.chains[0]?.rules.map(({ key }) => key);
  };
  const before = withHandles(4, 5);
  expect(withHandles(9, 4, 5)).toEqual([expect.any(String), ...(before ?? [])]);
  expect(withHandles(9, 5)?.at(-1)).toBe(before?.at(-1));
});
