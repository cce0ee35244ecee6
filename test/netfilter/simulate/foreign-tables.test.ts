import { expect, test } from 'vitest';
import { host, walk } from './walking.ts';

const rules = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n';
const table = (chain: object, withRule: boolean, more: object = {}) => ({
  family: 'inet' as string,
  name: 'fw',
  json: {
    nftables: [
      { metainfo: { json_schema_version: 1 } },
      { table: { family: 'inet', name: 'fw', handle: 1, ...more } },
      {
        chain: {
          family: 'inet',
          table: 'fw',
          name: 'c',
          handle: 1,
          type: 'filter',
          prio: 0,
          policy: 'accept',
          ...chain,
        },
      },
      ...(withRule ? [{ rule: { family: 'inet', table: 'fw', chain: 'c', handle: 2, expr: [{ drop: null }] } }] : []),
    ],
  },
});
const verdict = (nftTable: ReturnType<typeof table>, hook: 'input' | 'forward' = 'input') =>
  walk(rules, 'in=eth0 out=eth1 proto=tcp', hook, { state: host({ nftTables: [nftTable] }) });

test('a table of nft’s own with rules at the hook makes the verdict unknown, and is named', () => {
  const found = verdict(table({ hook: 'input' }, true));
  expect(found.verdict).toBe('unknown');
  expect(found.unknown).toEqual(['what nft table inet fw, chain c does is not known to the simulator']);
  expect(verdict(table({ hook: 'input', policy: 'drop' }, false)).verdict).toBe('unknown');
  expect(verdict(table({ hook: 'forward' }, true), 'forward').verdict).toBe('unknown');
});

test('one that does nothing there changes nothing', () => {
  for (const idle of [
    table({ hook: 'output' }, true),
    table({ hook: 'input' }, false),
    table({}, true),
    table({ hook: 'input' }, true, { flags: ['dormant'] }),
    { ...table({ hook: 'input' }, true), family: 'ip6' },
  ]) {
    expect(verdict(idle)).toMatchObject({ verdict: 'accept', unknown: [] });
  }
});
