import {
  type Family,
  type Hook,
  type HostState,
  type Packet,
  parsePacket,
  parseSave,
  type Simulation,
  simulate,
  simulateChain,
} from '../../../engine/netfilter/index.ts';

/** Walks a packet through a ruleset, both as text (the packet may be one already). */
export function walk(
  ruleset: string,
  packet: string | Packet,
  hook: Hook,
  { state, family = 'ipv4' }: { state?: HostState; family?: Family } = {},
): Simulation {
  return simulate({
    ruleset: parseSave(ruleset, { family }),
    packet: typeof packet === 'string' ? parsePacket(packet, family) : packet,
    hook,
    ...(state === undefined ? {} : { state }),
  });
}

export function chainAlone(ruleset: string, packet: string, table: string, chain: string): Simulation {
  const parsed = parseSave(ruleset, { family: 'ipv4' });
  return simulateChain({ ruleset: parsed, packet: parsePacket(packet, 'ipv4'), from: { table, chain } });
}

/** A host as a snapshot has it, with what the test says. */
export function host(part: Partial<HostState>): HostState {
  return { addresses: [], routes: [], policyRules: [], sysctls: {}, ...part };
}
