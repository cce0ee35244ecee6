/** A counterexample as a fixture, and in words. */

import type { HostState } from '../../../engine/netfilter/index.ts';
import { type HostKind, type Variant, variantName } from './host.ts';
import type { Observed } from './judge.ts';
import { simulatorPacket, type TestPacket } from './test-packet.ts';

export interface Counterexample {
  readonly variant: Variant;
  readonly hostKind: HostKind;
  readonly ruleset: string;
  /** Some rule in it depends on more than the packet and the host. */
  readonly outside: boolean;
  /** null: the ruleset itself is read or printed in another way than the kernel does. */
  readonly packet: TestPacket | null;
  readonly observed: Observed | null;
  readonly state: HostState;
  readonly disagreements: readonly string[];
  readonly seed: number;
}

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
function essentialLines(ruleset: string): readonly string[] {
  const blocks = ruleset.split('COMMIT\n').filter((block) => /^(-A|:\S+ DROP)/m.test(block));
  return blocks.flatMap((block) => [...block.trimEnd().split('\n'), 'COMMIT']);
}

/** A counterexample about a packet as a fixture's text. The ruleset stays whole: the kernel's counters speak of every policy. */
export function fixtureText({
  variant,
  hostKind,
  ruleset,
  outside,
  packet,
  observed,
  state,
  disagreements,
}: Counterexample): string {
  if (packet === null || observed === null) throw new Error('this counterexample is about no packet');
  const title = disagreements[0] ?? '';
  const lines = ruleset.trimEnd().split('\n');
  const fixture: DifferentialFixture = {
    title,
    variant,
    hostKind,
    ruleset: lines,
    outside,
    packet,
    observed,
    state: ofFamily(state, variant),
  };
  // One line for each part: the rulesets are what a reader looks for.
  const parts = Object.entries(fixture).map(([key, value]) =>
    key === 'ruleset' ? `"${key}": ${JSON.stringify(value, null, 2)}` : `"${key}": ${JSON.stringify(value)}`,
  );
  return `{\n${parts.join(',\n')}\n}\n`;
}

/** A host's state without the other family. */
function ofFamily(state: HostState, { family }: Variant): HostState {
  const six = family === 'ipv6';
  const { addresses = [], routes = [], policyRules = [], sysctls = {}, ipsets = [] } = state;
  const relevant =
    /^net\.ipv[46]\.(ip_forward|conf\.(all|eth\d|lo)\.(rp_filter|forwarding|route_localnet|accept_local|src_valid_mark))$/;
  return {
    addresses: addresses.filter(({ address }) => address.includes(':') === six),
    routes: routes.filter((route) => route.family === family),
    policyRules: policyRules.filter((rule) => rule.family === family),
    sysctls: Object.fromEntries(Object.entries(sysctls).filter(([name]) => relevant.test(name))),
    ipsets,
  };
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
