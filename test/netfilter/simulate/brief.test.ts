import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kubeProxyRules, kubeServices } from '../../../bench/kube-proxy-rules.ts';
import { parsePacket, parseSave, type Simulation, simulate } from '../../../engine/netfilter/index.ts';
import { candidates } from '../../../engine/netfilter/simulate/chain-index.ts';

/** Few values, so that rules and packets meet. */
const octet = fc.constantFrom(0, 1, 64, 127, 128, 255);
const address = fc.tuple(octet, octet).map(([a, b]) => `10.${a}.0.${b}`);
const port = fc.integer({ min: 1, max: 6 });
const part = fc.oneof(
  fc
    .tuple(fc.constantFrom('-s', '-d', '! -s', '! -d'), address, fc.constantFrom(0, 1, 8, 9, 16, 24, 31, 32))
    .map(([option, text, prefix]) => `${option} ${text}/${prefix}`),
  fc.constantFrom('-s 10.0.0.1/255.0.255.255', '-i eth0', '-i eth+', '! -i eth0', '-m mark --mark 1'),
);
const transport = fc.oneof(
  fc.constantFrom('-p tcp', '-p udp', '! -p tcp', '-p icmp', ''),
  fc
    .tuple(fc.constantFrom('--dport', '--sport', '! --dport'), port, fc.nat(30))
    .map(([option, from, more]) => `-p tcp -m tcp ${option} ${from}:${from + more}`),
  fc
    .tuple(
      fc.constantFrom('--dports', '--sports', '--ports', '! --dports'),
      fc.array(port, { minLength: 1, maxLength: 4 }),
    )
    .map(([option, list]) => `-p udp -m multiport ${option} ${list.join(',')}`),
);
const rule = fc
  .tuple(
    fc.constantFrom('INPUT', 'INPUT', 'A', 'B'),
    transport,
    fc.array(part, { maxLength: 2 }),
    fc.constantFrom('ACCEPT', 'DROP', 'RETURN', 'MARK --set-xmark 1', 'LOG', 'A', 'B'),
  )
  .filter(
    ([chain, , , target]) => !(chain === 'B' && ['A', 'B'].includes(target)) && !(chain === 'A' && target === 'A'),
  )
  .map(([chain, first, more, target]) => `-A ${chain} ${[first, ...more].join(' ')} -j ${target}`);
const packet = fc
  .record(
    {
      in: fc.constantFrom('eth0', 'eth1', 'lo'),
      src: address,
      dst: address,
      proto: fc.constantFrom('tcp', 'udp', 'icmp'),
      sport: port,
      dport: port,
      mark: fc.nat(1),
    },
    { requiredKeys: [] },
  )
  .map(({ sport, dport, ...rest }) => ({ ...rest, ...(rest.proto === 'icmp' ? {} : { sport, dport }) }))
  .map((fields) =>
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
  );

const answer = (simulation: Simulation) => ({
  verdict: simulation.verdict,
  unknown: simulation.unknown,
  outcomes: simulation.outcomes.map(({ walk, ...outcome }) => ({
    ...outcome,
    walk: walk.filter(({ matched }) => matched !== false).map(({ of, ...step }) => step),
  })),
});

describe('a brief walk', () => {
  test('has the same outcomes as the full one, and its steps but those that did not match', () => {
    fc.assert(
      fc.property(fc.array(rule, { minLength: 12, maxLength: 60 }), packet, (rules, text) => {
        const ruleset = parseSave(`*filter\n:INPUT DROP [0:0]\n:A - [0:0]\n:B - [0:0]\n${rules.join('\n')}\nCOMMIT\n`, {
          family: 'ipv4',
        });
        const input = { ruleset, packet: parsePacket(text, 'ipv4'), hook: 'input' } as const;
        const brief = simulate({ ...input, walk: 'brief' });
        expect(answer(brief)).toEqual(answer(simulate(input)));
        expect(brief.walk.every(({ matched }) => matched !== false)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('looks at as many rules for 2,000 Services as for 20', () => {
    const looked = (count: number) => {
      const table = parseSave(kubeProxyRules(kubeServices(count)), { family: 'ipv4' }).tables[0];
      const chain = table?.chains.find(({ name }) => name === 'KUBE-SERVICES');
      if (chain === undefined) throw new Error('no such chain');
      const at = { in: 'eth0', out: null };
      return [...(candidates(chain, parsePacket('src=10.0.0.1 dst=10.96.0.7 proto=tcp sport=4 dport=80'), at) ?? [])];
    };
    expect(looked(20)).toEqual([7, 20]);
    expect(looked(2000)).toEqual([7, 2000]);
  });
});
