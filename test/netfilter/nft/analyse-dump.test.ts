import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  analyseRulesets,
  compareMeaning,
  diffMeaning,
  type Family,
  findBehaviourDifference,
  parseSave,
  type Ruleset,
  readNftDump,
  serviceMatrix,
  splitNftDump,
} from '../../../engine/netfilter/index.ts';

/** The examples of wiki.nftables.org, and one with faults, as `nft -j list ruleset` printed them; beside them what was loaded. */
const fixture = (name: string): string => readFileSync(join(import.meta.dirname, '../../fixtures/nft', name), 'utf8');
const dump = (name: string, family: Family = 'ipv4'): Ruleset => read(JSON.parse(fixture(`${name}.json`)), family);
const read = (json: unknown, family: Family = 'ipv4'): Ruleset =>
  readNftDump(splitNftDump(json) ?? [], family, { changing: 'unknown' });
const both = (name: string) => [dump(name), dump(name, 'ipv6')];
const saved = (name: string): Ruleset => parseSave(fixture(`${name}.rules`), { family: 'ipv4' });
const short = (rulesets: readonly Ruleset[]) =>
  analyseRulesets(rulesets).findings.map(({ code, chain, rules }) => [code, chain, ...rules].join(' '));

/** A dump of one table `inet t` with these chains; rules as nft's JSON has their statements. */
function table(
  chains: readonly { name: string; base?: object; rules?: readonly (readonly object[])[] }[],
  { family = 'inet', more = [] as readonly object[] } = {},
): unknown {
  return {
    nftables: [
      { table: { family, name: 't' } },
      ...more,
      ...chains.map(({ name, base }) => ({ chain: { family, table: 't', name, ...base } })),
      ...chains.flatMap(({ name, rules = [] }) =>
        rules.map((expr) => ({ rule: { family, table: 't', chain: name, expr } })),
      ),
    ],
  };
}
const base = (hook: string, more: object = {}) => ({ type: 'filter', hook, prio: 0, policy: 'accept', ...more });
const port = (right: unknown) => ({
  match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right },
});
const source = (right: unknown) => ({
  match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } }, right },
});
const setMark = (value: unknown) => ({ mangle: { key: { meta: { key: 'mark' } }, value } });
const isMark = (right: number) => ({ match: { op: '==', left: { meta: { key: 'mark' } }, right } });
const [accept, drop] = [{ accept: null }, { drop: null }];

describe('the analysis of a dump of nft', () => {
  test('finds nothing in sound rulesets', () => {
    expect(short(both('workstation'))).toEqual([]);
    expect(short(both('server'))).toEqual([]);
  });

  test('finds what is wrong, rule by rule as nft counts them', () => {
    expect(short(both('faulty')).sort()).toEqual([
      'empty-chain empty',
      'no-counterpart input 6',
      'redundant input 4',
      'redundant input 9',
      'replies-dropped input',
      'same-as-policy input 10',
      'shadowed input 3',
      'shadowed input 8',
      'unused-chain unused',
    ]);
  });

  test('leaves a program its own tables', () => {
    const { findings } = analyseRulesets(both('kube-proxy'));
    expect(new Set(findings.map(({ severity, managedBy }) => `${severity} ${managedBy}`))).toEqual(
      new Set(['note Kubernetes']),
    );
  });

  test('says it where IPv6 has no rules at all', () => {
    const { findings } = analyseRulesets(both('router'));
    expect(findings.map(({ code, family, severity, chain }) => [code, family, severity, chain])).toEqual([
      ['other-family-open', 'ipv6', 'error', 'forward'],
      ['other-family-open', 'ipv6', 'error', 'inbound'],
    ]);
    expect(short([dump('router')])).toEqual([]);
  });

  test('takes a rule of both families for dead where it is so for both', () => {
    const chain = (...rules: (readonly object[])[]) =>
      [table([{ name: 'in', base: base('input'), rules }])].flatMap((json) => [read(json), read(json, 'ipv6')]);
    const four = { match: { op: '==', left: { meta: { key: 'nfproto' } }, right: 'ipv4' } };
    const dead = (...rules: (readonly object[])[]) =>
      short(chain(...rules)).filter((text) => /^(shadowed|unreachable|never)/.test(text));
    expect(dead([four, drop], [port(22), drop])).toEqual([]);
    expect(dead([four, drop], [source('10.0.0.1'), drop])).toEqual(['unreachable in 2']);
    expect(dead([drop], [port(22), accept], [source('10.0.0.1'), accept])).toEqual(['unreachable in 2 3']);
  });

  test('knows nothing of sets that change, and says which chains it does not follow', () => {
    const json = table(
      [
        {
          name: 'in',
          base: base('input'),
          rules: [
            [source('@seen'), drop],
            [source('10.0.0.1'), drop],
          ],
        },
        { name: 'early', base: { type: 'filter', hook: 'ingress', prio: 0, policy: 'drop', dev: 'eth0' } },
      ],
      { more: [{ set: { family: 'inet', table: 't', name: 'seen', flags: ['timeout'], elem: ['10.0.0.1'] } }] },
    );
    expect(short([read(json)])).toEqual(['not-analysed ']);
    expect(analyseRulesets([read(json)]).findings[0]?.message).toBe(
      'What nft table inet t, chain early does is not analysed.',
    );
  });

  test('follows a rule that changes a packet and decides about it', () => {
    const rules = [
      [port(22), setMark(1), accept],
      [setMark(2), { jump: { target: 'marked' } }],
      [isMark(1), drop],
    ];
    const marked = [
      [isMark(1), drop],
      [isMark(2), { return: null }],
    ];
    const json = table([
      { name: 'in', base: base('input'), rules },
      { name: 'marked', rules: marked },
    ]);
    expect(short([read(json)])).toEqual(['shadowed in 3', 'shadowed marked 1']);
  });

  test('sees a chain that is called from before conntrack and from behind it as both', () => {
    const states = (state: string) => ({ match: { op: 'in', left: { ct: { key: 'state' } }, right: state } });
    const rules = [
      [states('established'), drop],
      [states('invalid'), accept],
    ];
    const jump = [[{ jump: { target: 'states' } }]];
    const early = { name: 'pre', base: base('prerouting', { prio: -300 }), rules: jump };
    const late = { name: 'in', base: base('input'), rules: jump };
    const once = (...chains: Parameters<typeof table>[0]) =>
      short([read(table([...chains, { name: 'states', rules }]))]);
    expect(once(early, late).filter((text) => /^(shadowed|unreachable|never)/.test(text))).toEqual([]);
  });
});

describe('the matrix', () => {
  test.each(['workstation', 'router'])('of iptables’ rules and of nft’s is the same: %s', (name) => {
    for (const hook of ['input', 'forward', 'output'] as const) {
      expect(serviceMatrix(dump(name), hook)).toEqual(serviceMatrix(saved(name), hook));
    }
  });

  test('needs all base chains of a hook', () => {
    const json = table([
      {
        name: 'first',
        base: base('input', { prio: -10 }),
        rules: [
          [port(22), accept],
          [port(23), drop],
        ],
      },
      { name: 'second', base: base('input', { policy: 'drop' }), rules: [[port({ range: [20, 25] }), accept]] },
    ]);
    const { otherwise, rows } = serviceMatrix(read(json), 'input');
    expect(otherwise).toBe('drop');
    expect(rows.map(({ verdict, ports }) => [verdict, ports])).toEqual([['accept', '20-22, 24-25']]);
  });
});

describe('the migration from iptables to nft', () => {
  test.each(['workstation', 'router'])('is proved to do the same: %s', (name) => {
    expect(findBehaviourDifference(saved(name), dump(name))).toEqual({ kind: 'none' });
    expect(diffMeaning([[saved(name), dump(name)]])).toEqual({ same: true, edits: null, behaviour: { kind: 'none' } });
    expect(compareMeaning([[saved(name), dump(name)]])).toEqual({ same: true, differences: [] });
  });

  test('is shown by a packet to do something else', () => {
    const rules = fixture('router.rules').replace('--dports 53,67', '--dports 53,68');
    expect(diffMeaning([[parseSave(rules, { family: 'ipv4' }), dump('router')]])).toMatchObject({
      same: false,
      behaviour: {
        kind: 'packet',
        hook: 'input',
        packet: expect.stringContaining('proto=udp sport=40000 dport=67'),
        a: { verdict: 'drop', by: { table: 'filter', chain: 'INPUT', rule: 0 } },
        b: { verdict: 'accept', by: { table: 'ip global', chain: 'inbound_private', rule: 2 } },
      },
    });
  });

  test('is not proved where something has no counterpart, which is named', () => {
    const json = table([{ name: 'in', base: base('input'), rules: [[{ 'ct count': { val: 3, inv: true } }, drop]] }]);
    expect(findBehaviourDifference(parseSave('', { family: 'ipv4' }), read(json))).toEqual({
      kind: 'undecided',
      undecidable: ['-m ct count'],
    });
    const netdev = {
      nftables: [
        { table: { family: 'netdev', name: 'n' } },
        {
          chain: { family: 'netdev', table: 'n', name: 'c', type: 'filter', hook: 'ingress', prio: 0, policy: 'drop' },
        },
      ],
    };
    expect(findBehaviourDifference(parseSave('', { family: 'ipv4' }), read(netdev))).toEqual({
      kind: 'undecided',
      undecidable: ['what nft table netdev n, chain c does'],
    });
  });
});

describe('two dumps of nft', () => {
  const guarded = (...rules: (readonly object[])[]) =>
    table([{ name: 'in', base: base('input', { policy: 'drop' }), rules }]);

  test('have edits by number, hooks and priorities included', () => {
    const [a, b] = [
      guarded([port(22), accept], [source({ set: ['10.0.0.1', '10.0.0.2'] }), accept]),
      guarded([port(22), accept]),
    ];
    expect(
      diffMeaning([[read(a), read(b)]]).edits?.map((edit) => [edit.kind, 'from' in edit ? edit.from : null]),
    ).toEqual([
      ['removed', 2],
      ['removed', 2],
    ]);
    const other = table([
      { name: 'in', base: base('input', { policy: 'drop', prio: 5 }), rules: [[port(22), accept]] },
    ]);
    expect(diffMeaning([[read(b), read(other)]])).toMatchObject({
      same: false,
      edits: [{ kind: 'base', before: { priority: 0 }, after: { priority: 5 } }],
      behaviour: { kind: 'none' },
    });
    expect(compareMeaning([[read(b), read(other)]]).differences).toMatchObject([{ kind: 'base' }]);
    expect(diffMeaning([[read(b), read(b)]])).toEqual({ same: true, edits: [], behaviour: { kind: 'none' } });
  });

  test('behave alike where a map says what rules said', () => {
    const vmap = {
      vmap: {
        key: { payload: { protocol: 'tcp', field: 'dport' } },
        data: {
          set: [
            [22, accept],
            [80, accept],
            [23, drop],
          ],
        },
      },
    };
    expect(findBehaviourDifference(read(guarded([vmap])), read(guarded([port({ set: [22, 80] }), accept])))).toEqual({
      kind: 'none',
    });
    expect(
      findBehaviourDifference(read(guarded([vmap])), read(guarded([port({ set: [22, 81] }), accept]))),
    ).toMatchObject({ kind: 'packet' });
  });

  test('of equal priority the chain that was made last is asked first', () => {
    const marks = (...values: number[]) =>
      table(values.map((value) => ({ name: `c${value}`, base: base('output'), rules: [[setMark(value)]] })));
    expect(findBehaviourDifference(read(marks(1, 2)), read(marks(1)))).toEqual({ kind: 'none' });
    expect(findBehaviourDifference(read(marks(1, 2)), read(marks(2)))).toMatchObject({
      a: { mark: 1 },
      b: { mark: 2 },
    });
  });
});

test('a table that rules translate writes goes by iptables’ name', () => {
  const chains = [
    { name: 'INPUT', base: base('input', { policy: 'drop' }), rules: [[port(22), { counter: null }, accept]] },
  ];
  const json = {
    nftables: (table(chains, { family: 'ip' }) as { nftables: object[] }).nftables.map((one) =>
      JSON.parse(JSON.stringify(one).replaceAll('"t"', '"filter"')),
    ),
  };
  const rules = parseSave('*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n', {
    family: 'ipv4',
  });
  expect(diffMeaning([[rules, read(json)]])).toEqual({ same: true, edits: [], behaviour: { kind: 'none' } });
});

test('every form that nft prints is read, or is named as what is not known', () => {
  const [ruleset] = [dump('forms')];
  const unseen = new Set(
    ruleset.tables.flatMap(({ chains }) =>
      chains.flatMap(({ rules }) =>
        rules.flatMap(({ conditions, action }) => [
          ...conditions.flatMap((one) => (one.kind === 'unseen' ? [one.module] : [])),
          ...(action.kind === 'unseen' ? [action.target] : []),
        ]),
      ),
    ),
  );
  expect([...unseen].sort()).toMatchInlineSnapshot(`
    [
      "DNAT",
      "ct count",
      "ct expiration",
      "icmp code",
      "limit",
      "mangle",
      "payload tcp flags",
      "quota",
      "set",
      "set dyn",
      "unseen",
    ]
  `);
});
