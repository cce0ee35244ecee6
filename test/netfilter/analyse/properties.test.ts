import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueAt } from '../../../engine/netfilter/analyse/diagram-walks.ts';
import { none } from '../../../engine/netfilter/analyse/diagrams.ts';
import { Endings } from '../../../engine/netfilter/analyse/endings.ts';
import { analyseRulesets } from '../../../engine/netfilter/analyse/index.ts';
import { makeSpace } from '../../../engine/netfilter/analyse/space.ts';
import { TableFlow } from '../../../engine/netfilter/analyse/table-flow.ts';
import { examplePacket } from '../../../engine/netfilter/analyse/witness.ts';
import { type Packet, parsePacket, parseSave, type Ruleset, simulateChain } from '../../../engine/netfilter/index.ts';
import { arbitraryPacket, arbitraryRuleset, withoutRule } from './arbitrary-rulesets.ts';
import { packetBits } from './packet-bits.ts';

const input = { table: 'filter', chain: 'INPUT' } as const;
const walk = (ruleset: Ruleset, packet: Packet) => simulateChain({ ruleset, packet, hook: 'input', from: input });
const packets = fc.array(arbitraryPacket, { minLength: 12, maxLength: 12 });

function flowOf(ruleset: Ruleset): TableFlow {
  const space = makeSpace([ruleset], { addressBits: 32 });
  const [table] = ruleset.tables;
  if (table === undefined) throw new Error('the generated dump has one table');
  return new TableFlow(space, new Endings(space.d), table, { backend: ruleset.backend });
}

describe('the analysis and the simulator', () => {
  it('agree about the verdict on every packet', () => {
    fc.assert(
      fc.property(arbitraryRuleset, packets, (dump, some) => {
        const ruleset = parseSave(dump);
        const flow = flowOf(ruleset);
        const chain = flow.find('INPUT');
        if (chain === undefined) throw new Error('INPUT is declared');
        const verdicts = flow.verdicts(chain);
        for (const packet of some) {
          const leaf = valueAt(flow.space.d, verdicts, packetBits(flow.space, packet));
          expect(flow.endings.of(leaf)?.verdict).toBe(walk(ruleset, packet).verdict);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('a rule that is called dead is never matched', () => {
    fc.assert(
      fc.property(arbitraryRuleset, packets, (dump, some) => {
        const ruleset = parseSave(dump);
        const dead = analyseRulesets([ruleset])
          .findings.filter(({ code }) => ['shadowed', 'unreachable', 'never-matches'].includes(code))
          .flatMap(({ chain, rules }) => rules.map((rule) => `${chain} ${rule}`));
        for (const packet of some) {
          const matched = walk(ruleset, packet)
            .walk.filter((step) => step.matched !== false)
            .map(({ chain, rule }) => `${chain} ${rule}`);
          expect(matched.filter((one) => dead.includes(one))).toEqual([]);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('a rule that is not called dead has a packet that it matches', () => {
    fc.assert(
      fc.property(arbitraryRuleset, (dump) => {
        const ruleset = parseSave(dump);
        const flow = flowOf(ruleset);
        if (flow.chains.some((chain) => chain.changes.size > 0)) return;
        const visible = flow.find('INPUT')?.reached[0] ?? none;
        for (const chain of flow.chains) {
          for (const [index, one] of chain.rules.entries()) {
            const set = flow.space.d.and(flow.space.d.and(chain.reached[index] ?? none, one.set), visible);
            const example = examplePacket(flow.space, 'ipv4', set, { local: true });
            // What a packet's text cannot say, the simulator takes for usual.
            if (example === null || example.assuming.length > 0) continue;
            const { walk: steps } = walk(ruleset, parsePacket(example.packet, 'ipv4'));
            const step = steps.find(
              (each) => each.chain === chain.name && each.rule === index + 1 && each.matched !== false,
            );
            expect(step, `${chain.name} ${index + 1} by ${example.packet}`).toBeDefined();
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('without a redundant rule every verdict is the same', () => {
    fc.assert(
      fc.property(arbitraryRuleset, packets, (dump, some) => {
        const ruleset = parseSave(dump);
        const idle = analyseRulesets([ruleset]).findings.filter(({ code }) =>
          ['redundant', 'same-as-policy', 'shadowed'].includes(code),
        );
        for (const { chain, rules } of idle) {
          const without = parseSave(withoutRule(dump, chain, rules[0] ?? 0));
          for (const packet of some) {
            expect(walk(without, packet).verdict, `${chain} ${rules[0]}`).toBe(walk(ruleset, packet).verdict);
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  it('a witness is a packet that the causes take', () => {
    fc.assert(
      fc.property(arbitraryRuleset, (dump) => {
        const ruleset = parseSave(dump);
        for (const { code, witness, causes } of analyseRulesets([ruleset]).findings) {
          if (witness === null || witness.hook !== 'input') continue;
          const packet = parsePacket(witness.packet, 'ipv4');
          const { walk: steps, verdict } = walk(ruleset, packet);
          if (code === 'shadowed' || code === 'contradictory') {
            const byCause = steps.some((step) =>
              causes.some((cause) => cause.chain === step.chain && cause.rule === step.rule && step.matched === true),
            );
            expect(byCause).toBe(true);
          }
          if (code === 'replies-dropped') expect(['drop', 'reject']).toContain(verdict);
          if (code === 'invalid-accepted') expect([packet.state, verdict]).toEqual(['INVALID', 'accept']);
        }
      }),
      { numRuns: 100 },
    );
  });
});
