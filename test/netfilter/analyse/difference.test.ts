import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findBehaviourDifference } from '../../../engine/netfilter/analyse/index.ts';
import { parsePacket, parseSave, type Ruleset, simulate } from '../../../engine/netfilter/index.ts';
import { arbitraryPacket, arbitraryRuleset, withoutRule } from './arbitrary-rulesets.ts';

function input(...rules: string[]): Ruleset {
  const all = rules.map((rule) => (rule.startsWith('-A') ? rule : `-A INPUT ${rule}`));
  return parseSave(['*filter', ':INPUT DROP [0:0]', ':web - [0:0]', ...all, 'COMMIT', ''].join('\n'), {
    family: 'ipv4',
  });
}
const table = (name: string, ...rules: string[]): Ruleset => {
  const chains = [':PREROUTING ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]'];
  return parseSave([`*${name}`, ...chains, ...rules, 'COMMIT', ''].join('\n'), { family: 'ipv4' });
};
const ssh = '-p tcp --dport 22 -j ACCEPT';

describe('the difference in behaviour', () => {
  it('is none where other words, chains and orders come to the same', () => {
    const same = { kind: 'none' };
    expect(findBehaviourDifference(input(ssh), input('-j web', `-A web ${ssh}`))).toEqual(same);
    expect(findBehaviourDifference(input(ssh, '-p udp -j ACCEPT'), input('-p udp -j ACCEPT', ssh))).toEqual(same);
    expect(
      findBehaviourDifference(input('-p tcp --dport 20:21 -j ACCEPT', ssh), input('-p tcp --dport 20:22 -j ACCEPT')),
    ).toEqual(same);
    expect(
      findBehaviourDifference(
        input('-s 10.0.0.0/9 -j ACCEPT', '-s 10.128.0.0/9 -j ACCEPT'),
        input('-s 10.0.0.0/8 -j ACCEPT'),
      ),
    ).toEqual(same);
  });

  it('is none where the same limit or set decides in both', () => {
    const limited = '-m limit --limit 1/sec -p tcp -j ACCEPT';
    expect(findBehaviourDifference(input(limited), input('-j web', limited)).kind).toBe('none');
    const set = '-m set --match-set friends src -j ACCEPT';
    expect(findBehaviourDifference(input(set), input('-j web', `-A web ${set}`)).kind).toBe('none');
  });

  it('is a packet, with the rule that decides in each', () => {
    expect(findBehaviourDifference(input(ssh), input('-p tcp --dport 22:23 -j ACCEPT'))).toMatchObject({
      kind: 'packet',
      hook: 'input',
      packet: expect.stringContaining('dport=23'),
      a: { verdict: 'drop', by: { chain: 'INPUT', rule: 0, text: 'DROP' } },
      b: { verdict: 'accept', by: { chain: 'INPUT', rule: 1 } },
    });
  });

  it('minds what a packet is rewritten to, and marked with', () => {
    const to = (address: string) => table('nat', `-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination ${address}`);
    expect(findBehaviourDifference(to('10.0.0.1'), to('10.0.0.2'))).toMatchObject({
      kind: 'packet',
      a: { rewrites: { dst: '10.0.0.1' } },
      b: { rewrites: { dst: '10.0.0.2' } },
    });
    const marks = (...rules: string[]) => table('mangle', ...rules.map((rule) => `-A PREROUTING -p tcp ${rule}`));
    expect(findBehaviourDifference(marks('-j MARK --set-mark 1'), marks('-j MARK --set-mark 2'))).toMatchObject({
      a: { mark: 1 },
      b: { mark: 2 },
    });
    expect(
      findBehaviourDifference(marks('-j MARK --set-mark 3'), marks('-j MARK --set-mark 1', '-j MARK --or-mark 2')).kind,
    ).toBe('none');
  });

  it('takes rewrites that come to the same for the same', () => {
    const to = (target: string, ports = '--dport 80') => table('nat', `-A PREROUTING -p tcp ${ports} -j ${target}`);
    const dnat = '-j DNAT --to-destination'.slice(3);
    expect(findBehaviourDifference(to(`${dnat} 10.0.0.1`), to(`${dnat} 10.0.0.1:80`))).toEqual({ kind: 'none' });
    expect(findBehaviourDifference(to('REDIRECT'), to('REDIRECT --to-ports 80'))).toEqual({ kind: 'none' });
    expect(findBehaviourDifference(to(`${dnat} 10.0.0.1 --random`), to(`${dnat} 10.0.0.1`))).toEqual({ kind: 'none' });
    expect(
      findBehaviourDifference(to(`${dnat} 10.0.0.1`, '--dport 80:81'), to(`${dnat} 10.0.0.1:80`, '--dport 80:81')),
    ).toMatchObject({ kind: 'packet', packet: expect.stringContaining('dport=81') });
    const source = (target: string) => table('nat', `-A POSTROUTING -o wan -j ${target}`);
    expect(findBehaviourDifference(source('MASQUERADE'), source('SNAT --to-source 192.0.2.1')).kind).toBe('undecided');
    expect(findBehaviourDifference(source('MASQUERADE'), source('ACCEPT'))).toMatchObject({ kind: 'packet' });
  });

  it('minds marks of packets that are rewritten too', () => {
    const marked = (value: number) =>
      parseSave(
        `*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j MARK --set-mark ${value}\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j DNAT --to-destination 10.0.0.1\nCOMMIT\n`,
        { family: 'ipv4' },
      );
    expect(findBehaviourDifference(marked(1), marked(2))).toMatchObject({ a: { mark: 1 }, b: { mark: 2 } });
  });

  it('shows what may become of a packet where chance decides, and proves that the same may', () => {
    const chance = (...rules: string[]) => input(...rules);
    const limit = '-m limit --limit 1/sec';
    expect(findBehaviourDifference(chance(`${limit} -j ACCEPT`), chance(`${limit} -j REJECT`))).toMatchObject({
      kind: 'packet',
      a: { verdict: 'accept', when: expect.stringContaining('limit') },
      b: { verdict: 'reject', when: expect.stringContaining('limit') },
    });
    expect(
      findBehaviourDifference(
        chance(`-p tcp --dport 22 ${limit} -j web`, '-A web -j ACCEPT'),
        chance(`-p tcp --dport 22 ${limit} -j ACCEPT`),
      ),
    ).toEqual({ kind: 'none' });
    const half = '-m statistic --mode random --probability 0.5';
    expect(findBehaviourDifference(chance(`${half} -j ACCEPT`), chance('-j ACCEPT'))).toMatchObject({
      kind: 'packet',
      a: { verdict: 'drop' },
      b: { verdict: 'accept', when: '' },
    });
  });

  it('names what no packet decides, where that is all there is', () => {
    const limit = (rate: string) => input(`-m limit --limit ${rate} -j ACCEPT`);
    expect(findBehaviourDifference(limit('1/sec'), limit('2/sec'))).toEqual({
      kind: 'undecided',
      undecidable: ['-m limit --limit 1/sec', '-m limit --limit 2/sec'],
    });
    const unread = parseSave("# Table `filter' is incompatible, use 'nft' tool.\n");
    expect(findBehaviourDifference(unread, unread).kind).toBe('undecided');
  });

  it('is found wherever packets show one, and is one where it is said', () => {
    const pair = fc.oneof(
      fc.tuple(arbitraryRuleset, arbitraryRuleset),
      fc
        .tuple(arbitraryRuleset, fc.constantFrom('INPUT', 'web', 'api'), fc.integer({ min: 1, max: 3 }))
        .map(([dump, chain, rule]): [string, string] => [dump, withoutRule(dump, chain, rule)]),
    );
    fc.assert(
      fc.property(pair, fc.array(arbitraryPacket, { minLength: 12, maxLength: 12 }), ([one, other], packets) => {
        const [a, b] = [parseSave(one), parseSave(other)];
        const found = findBehaviourDifference(a, b);
        const end = (ruleset: Ruleset, packet: (typeof packets)[number]) => {
          const { verdict, packet: left } = simulate({ ruleset, packet, hook: 'input' });
          return `${verdict} ${verdict === 'accept' ? left.mark : ''}`;
        };
        if (found.kind === 'none') for (const packet of packets) expect(end(a, packet)).toBe(end(b, packet));
        if (found.kind === 'packet' && found.hook === 'input') {
          const packet = parsePacket(found.packet, 'ipv4');
          expect(end(a, packet)).not.toBe(end(b, packet));
        }
      }),
      { numRuns: 100 },
    );
  });
});
