/** A counterexample as a fixture, and in words. */

import type { HostState } from '../../../engine/netfilter/index.ts';
import type { Counterexample } from './campaign.ts';
import type { HostKind } from './host.ts';
import type { Observed } from './judge.ts';
import { type Variant, variantName } from './kernel.ts';
import { simulatorPacket, type TestPacket } from './test-packet.ts';

/** What test/fixtures/differential/NAME.json holds. */
export interface DifferentialFixture {
  /** What went wrong, in a sentence. */
  readonly title: string;
  readonly variant: Variant;
  readonly hostKind: HostKind;
  readonly ruleset: readonly string[];
  readonly outside: boolean;
  readonly packet: TestPacket;
  readonly observed: Observed;
  readonly state: HostState;
}

/** The ruleset without what it does not need: tables without rules whose policies accept. */
export function essentialLines(ruleset: string): readonly string[] {
  const blocks = ruleset.split('COMMIT\n').filter((block) => /^(-A|:\S+ DROP)/m.test(block));
  return blocks.flatMap((block) => [...block.trimEnd().split('\n'), 'COMMIT']);
}

export function describeCounterexample(one: Counterexample): string {
  const { variant, hostKind, packet, observed, disagreements, seed } = one;
  return [
    `DISAGREEMENT ${variantName(variant)} on a ${hostKind} (seed ${seed})`,
    ...disagreements.map((text) => `  ${text}`),
    ...essentialLines(one.ruleset).map((line) => `    ${line}`),
    ...(packet === null
      ? []
      : [
          `  packet via ${packet.via}: ${JSON.stringify(simulatorPacket(packet, variant.family))}`,
          `  kernel: ${JSON.stringify(observed)}`,
        ]),
  ].join('\n');
}
