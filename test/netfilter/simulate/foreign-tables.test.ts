import { describe, expect, test } from 'vitest';
import { host, walk } from './walking.ts';

const rules = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n';

/** What `nft -j list table` prints of a table with one base chain and, below it, a chain `sub`. */
function table(
  base: object,
  lines: readonly (readonly object[])[],
  more: { family?: string; table?: object; sub?: readonly (readonly object[])[]; sets?: readonly object[] } = {},
) {
  const family = more.family ?? 'inet';
  const chain = { family, table: 'fw', handle: 1 };
  const rule = (name: string) => (expr: readonly object[], index: number) => ({
    rule: { family, table: 'fw', chain: name, handle: 10 + index, expr },
  });
  return {
    family,
    name: 'fw',
    json: {
      nftables: [
        { metainfo: { json_schema_version: 1 } },
        { table: { family, name: 'fw', handle: 1, ...more.table } },
        ...(more.sets ?? []),
        { chain: { ...chain, name: 'c', type: 'filter', prio: 0, policy: 'accept', ...base } },
        { chain: { ...chain, name: 'sub' } },
        ...lines.map(rule('c')),
        ...(more.sub ?? []).map(rule('sub')),
      ],
    },
  };
}

const packet = 'in=eth0 src=10.0.0.9 dst=10.0.0.1 proto=tcp sport=40000 dport=80 flags=syn state=new';
const at = (nftTable: ReturnType<typeof table>, text = packet, hook: 'input' | 'prerouting' | 'forward' = 'input') =>
  walk(rules, text, hook, {
    state: host({ nftTables: [nftTable], addresses: [{ interface: 'eth0', address: '10.0.0.1', prefix: 24 }] }),
  });
const port = (right: unknown, op = '==') => ({
  match: { op, left: { payload: { protocol: 'tcp', field: 'dport' } }, right },
});
const input = { hook: 'input' };

describe('a table of nft’s own', () => {
  test('is walked after the hook’s tables of lower priority, and its policy counts', () => {
    expect(at(table(input, [[{ drop: null }]]))).toMatchObject({ verdict: 'drop', unknown: [] });
    expect(at(table({ hook: 'input', policy: 'drop' }, []))).toMatchObject({ verdict: 'drop' });
    const found = at(
      table(input, [
        [port(22), { drop: null }],
        [port(80), { accept: null }],
      ]),
    );
    expect(found.verdict).toBe('accept');
    expect(found.walk.map(({ table: name, chain, rule, matched }) => [name, chain, rule, matched])).toEqual([
      ['filter', 'INPUT', 0, true],
      ['inet fw', 'c', 1, false],
      ['inet fw', 'c', 2, true],
    ]);
  });
  test.each([
    ['another hook', table({ hook: 'output' }, [[{ drop: null }]])],
    ['no rules', table(input, [])],
    ['no base chain', table({ hook: undefined }, [[{ drop: null }]])],
    ['dormant', table(input, [[{ drop: null }]], { table: { flags: ['dormant'] } })],
    ['of the other family', table(input, [[{ drop: null }]], { family: 'ip6' })],
  ])('does nothing where it cannot: %s', (_, idle) => {
    expect(at(idle)).toMatchObject({ verdict: 'accept', unknown: [] });
  });
  test('redirects: nat is asked at its priority, for connections that begin', () => {
    const nat = table({ hook: 'prerouting', type: 'nat', prio: -100 }, [[port(80), { redirect: { port: 8080 } }]], {
      family: 'ip',
    });
    expect(at(nat, packet, 'prerouting')).toMatchObject({ verdict: 'accept', rewrites: { dport: 8080 } });
    expect(at(nat, packet.replace('new', 'established').replace('syn', 'ack'), 'prerouting').rewrites).toEqual({});
  });
  test('several statements of one rule are done one after the other, under one number', () => {
    const found = at(
      table(input, [[{ log: { prefix: 'all ' } }, port(80), { log: { prefix: 'web ' } }, { drop: null }]]),
    );
    expect(found.verdict).toBe('drop');
    expect(found.walk.slice(1).map(({ rule, action, matched }) => [rule, action, matched])).toEqual([
      [1, 'LOG', true],
      [1, 'LOG', true],
      [1, 'DROP', true],
    ]);
  });
});

describe('sets and maps', () => {
  const source = (right: unknown, op = '==') => ({
    match: { op, left: { payload: { protocol: 'ip', field: 'saddr' } }, right },
  });
  test.each([
    ['ports', port({ set: [22, 80] }), 'drop'],
    ['ports, none of them', port({ set: [22, 80] }, '!='), 'accept'],
    ['addresses', source({ set: ['10.0.0.8', { prefix: { addr: '10.0.0.9', len: 32 } }] }), 'drop'],
    ['addresses, none of them', source({ set: ['10.0.0.8', '10.0.0.7'] }, '!='), 'drop'],
    ['a range of addresses', source({ set: [{ range: ['10.0.0.3', '10.0.0.9'] }] }), 'drop'],
    ['a range that ends before', source({ set: [{ range: ['10.0.0.3', '10.0.0.8'] }] }), 'accept'],
    ['a named set', source('@bad'), 'drop'],
    [
      'a field of the other family',
      { match: { op: '==', left: { payload: { protocol: 'ip6', field: 'saddr' } }, right: '::1' } },
      'accept',
    ],
    ['the family itself', { match: { op: '==', left: { meta: { key: 'nfproto' } }, right: 'ipv6' } }, 'accept'],
  ])('%s', (_, match, verdict) => {
    const sets = [
      {
        set: {
          family: 'inet',
          table: 'fw',
          name: 'bad',
          elem: ['10.9.9.9', { elem: { val: '10.0.0.9', timeout: 5 } }],
        },
      },
    ];
    expect(at(table(input, [[match, { drop: null }]], { sets }))).toMatchObject({ verdict, unknown: [] });
  });
  test('a set that is not there leaves the verdict open', () => {
    expect(at(table(input, [[source('@gone'), { drop: null }]])).verdict).toBe('unknown');
  });
  test('a verdict map branches, the rest last', () => {
    const state = {
      vmap: {
        key: { ct: { key: 'state' } },
        data: {
          set: [
            ['established', { accept: null }],
            ['new', { jump: { target: 'sub' } }],
          ],
        },
      },
    };
    const found = at(table(input, [[state]], { sub: [[port(80), { drop: null }]] }));
    expect(found.verdict).toBe('drop');
    const rest = {
      vmap: {
        key: port(0).match.left,
        data: {
          set: [
            ['*', { drop: null }],
            [80, { accept: null }],
          ],
        },
      },
    };
    expect(at(table(input, [[rest]])).verdict).toBe('accept');
    expect(at(table(input, [[rest]]), packet.replace('dport=80', 'dport=81')).verdict).toBe('drop');
  });
  test('a map over a concatenation, as kube-proxy has one for its services', () => {
    const services = {
      map: {
        family: 'ip',
        table: 'fw',
        name: 'service-ips',
        map: 'verdict',
        elem: [
          [{ concat: ['10.96.0.10', 'udp', 53] }, { goto: { target: 'other' } }],
          [{ concat: ['10.0.0.1', 'tcp', 80] }, { goto: { target: 'sub' } }],
        ],
      },
    };
    const key = {
      concat: [
        { payload: { protocol: 'ip', field: 'daddr' } },
        { meta: { key: 'l4proto' } },
        { payload: { protocol: 'th', field: 'dport' } },
      ],
    };
    const pick = {
      vmap: {
        key: { numgen: { mode: 'random', mod: 2, offset: 0 } },
        data: {
          set: [
            [0, { drop: null }],
            [1, { accept: null }],
          ],
        },
      },
    };
    const nft = table(input, [[{ vmap: { key, data: '@service-ips' } }]], {
      family: 'ip',
      sub: [[pick]],
      sets: [services],
    });
    const found = at(nft);
    expect(found.verdict).toBe('unknown');
    expect(found.outcomes.map(({ verdict, probability }) => [verdict, probability])).toEqual([
      ['drop', 0.5],
      ['accept', 0.5],
    ]);
    expect(at(nft, packet.replace('dport=80', 'dport=81')).verdict).toBe('accept');
  });
});

test('a table beside the five hooks is not followed, and is named', () => {
  const netdev = table({ hook: 'ingress' }, [[{ drop: null }]], { family: 'netdev' });
  expect(at(netdev, packet, 'prerouting').unknown).toEqual([
    'what nft table netdev fw, chain c does is not known to the simulator',
  ]);
});
