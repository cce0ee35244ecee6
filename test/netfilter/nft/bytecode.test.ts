import { describe, expect, test } from 'vitest';
import { canonicalWords, type NftExpression, readBytecode, readNftRules } from '../../../engine/netfilter/index.ts';

const text = (...expressions: NftExpression[]) => {
  const read = readBytecode(expressions, 'ipv4');
  return canonicalWords({ words: [], line: 0, ...read }).join(' ');
};

const tcp: NftExpression[] = [
  { name: 'payload', dreg: 1, base: 1, offset: 9, len: 1 },
  { name: 'cmp', sreg: 1, op: 0, data: '06' },
];
const port = { name: 'payload', dreg: 1, base: 2, offset: 2, len: 2 };
const counter = { name: 'counter', packets: 3, bytes: 180 };
const accept = { name: 'immediate', dreg: 0, data: { code: 1 } };

describe('a rule from the kernel’s expressions', () => {
  test('a port, counted and accepted, is as iptables writes it', () => {
    const read = readBytecode([...tcp, port, { name: 'cmp', sreg: 1, op: 0, data: '0050' }, counter, accept], 'ipv4');
    expect(read.counters).toEqual({ packets: 3, bytes: 180 });
    expect(read.wroteByIptables).toBe(true);
    expect(canonicalWords({ words: [], line: 0, ...read }).join(' ')).toBe('-p tcp -m tcp --dport 80 -j ACCEPT');
  });

  test('a set that stands in the rule is a list of ports', () => {
    const lookup = (flags: number, ...elements: object[]) => ({
      name: 'lookup',
      sreg: 1,
      set: '__set0',
      flags,
      elements,
    });
    expect(text(...tcp, port, lookup(0, { key: '01bb' }, { key: '0050' }), accept)).toBe(
      '-p tcp -m multiport --dports 80,443 -j ACCEPT',
    );
    expect(text(...tcp, port, lookup(1, { key: '01bb' }, { key: '0050' }), accept)).toBe(
      '-p tcp -m multiport ! --dports 80,443 -j ACCEPT',
    );
    const spans = [
      { key: '0000', flags: 1 },
      { key: '0050' },
      { key: '0051', flags: 1 },
      { key: '005a' },
      { key: '0060', flags: 1 },
    ];
    expect(text(...tcp, port, lookup(0, ...spans), accept)).toBe('-p tcp -m multiport --dports 80,90:95 -j ACCEPT');
  });

  test('a set whose elements are not known is unseen, and so is one that iptables cannot ask for', () => {
    const read = readBytecode([...tcp, port, { name: 'lookup', sreg: 1, set: 'blocked', flags: 0 }, accept], 'ipv4');
    expect(read.conditions).toContainEqual({ kind: 'unseen', module: 'set blocked' });
    expect(read.wroteByIptables).toBe(false);
    const source = { name: 'payload', dreg: 1, base: 1, offset: 12, len: 4 };
    const two = {
      name: 'lookup',
      sreg: 1,
      set: '__set0',
      flags: 0,
      elements: [{ key: '0a000001' }, { key: '0a000009' }],
    };
    expect(readBytecode([source, two, accept], 'ipv4').conditions).toEqual([{ kind: 'unseen', module: 'set __set0' }]);
  });

  test('an expression nobody knows is unseen, never left out', () => {
    expect(readBytecode([{ name: 'osf', dreg: 1 }, accept], 'ipv4').conditions).toEqual([
      { kind: 'unseen', module: 'osf' },
    ]);
    expect(readBytecode([{ name: 'constructor' }], 'ipv4').conditions).toEqual([
      { kind: 'unseen', module: 'constructor' },
    ]);
    expect(readBytecode([{ name: 'target', xt: 'TPROXY', rev: 1, info: '' }], 'ipv4').action).toEqual({
      kind: 'unseen',
      target: 'TPROXY',
    });
  });

  test('a condition after a statement does not hold for it', () => {
    const read = readBytecode([{ name: 'log', prefix: 'x' }, ...tcp, accept], 'ipv4');
    expect(read.action.kind).toBe('unseen');
  });

  test('nothing that a recorder could have written makes it throw', () => {
    const odd: NftExpression[] = [
      { name: 'cmp' },
      { name: 'cmp', sreg: 9, data: 7 },
      { name: 'lookup', sreg: 1, elements: [null, 4, { key: 'zz' }] },
      { name: 'bitwise', sreg: 1, dreg: 1, mask: 5 },
      { name: 'match', xt: 'multiport', rev: 1, info: '01' },
      { name: 'target', xt: 'DNAT', rev: 2, info: '' },
      { name: 'nat', type: 1 },
      { name: '' },
      { name: 'constructor' },
    ];
    for (const one of odd) expect(() => readBytecode([one], 'ipv4')).not.toThrow();
    expect(() => readBytecode(odd, 'ipv6')).not.toThrow();
  });
});

describe('nft’s JSON', () => {
  const rules = (...expr: unknown[]) =>
    readNftRules({
      nftables: [{ metainfo: {} }, { rule: { family: 'ip', table: 'filter', chain: 'INPUT', handle: 4, expr } }],
    });

  test('a set of ports and a verdict', () => {
    const match = {
      op: '==',
      left: { payload: { protocol: 'tcp', field: 'dport' } },
      right: { set: [80, { range: [90, 95] }] },
    };
    const [read] = rules({ match }, { counter: { packets: 1, bytes: 60 } }, { accept: null });
    expect(read).toMatchObject({ family: 'ipv4', table: 'filter', chain: 'INPUT', handle: 4 });
    expect(read?.rule).toMatchObject({ origin: 'nft', handle: 4, counters: { packets: 1, bytes: 60 } });
    expect(read?.rule.words.join(' ')).toBe('-p tcp -m multiport --dports 80,90:95 -j ACCEPT');
  });

  test('a named set is unseen', () => {
    const match = { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } }, right: '@ports' };
    expect(rules({ match }, { drop: null })[0]?.rule.conditions).toEqual([
      { kind: 'unseen', module: 'payload tcp dport' },
    ]);
  });

  test('what is no such JSON has no rules', () => {
    for (const odd of [null, 3, [], {}, { nftables: 5 }, { nftables: [{ rule: 7 }] }])
      expect(readNftRules(odd)).toEqual([]);
  });
});
