import type { Walk } from '../contract/report.ts';
import {
  explainWalk,
  findDecidingStep,
  type Packet,
  PacketSyntaxError,
  parsePacket,
  simulate,
} from '../netfilter/index.ts';
import type { Family, Rule } from '../netfilter/model.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import { packetWords } from './packet-words.ts';
import { remembered } from './remembered.ts';
import { rulesetsOf } from './rulesets-of.ts';

export type WalkedStep = Walk['steps'][number] & {
  /** The rule itself; missing for a policy. */
  readonly of?: Rule;
};

/** A packet's way through one node, with what an author asks about. */
export interface Walked {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'continue' | 'unknown';
  readonly rewrites: Readonly<Record<string, unknown>>;
  /** How the packet left. */
  readonly left: {
    readonly src: string | null;
    readonly dst: string | null;
    readonly sport: number | null;
    readonly dport: number | null;
  };
  readonly walk: readonly WalkedStep[];
  /** What ended its way; null where nothing but empty chains let it pass. */
  readonly decided: WalkedStep | null;
  readonly unknown: readonly string[];
  /** The way in a sentence or two. */
  readonly explained: string;
}

export interface Start {
  readonly packet: string;
  readonly hook?: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | undefined;
  readonly from?: { readonly table: string; readonly chain: string } | undefined;
}

/** The family that a packet's words say: an IPv6 address or icmp6, else IPv4. */
export const familyOfPacket = remembered((text): Family => {
  const words = Object.fromEntries(
    text
      .trim()
      .split(/\s+/)
      .map((word) => word.split(/=(.*)/s).slice(0, 2)),
  );
  const address = `${words.src ?? ''}${words.dst ?? ''}`;
  return address.includes(':') || /^(icmp6|icmpv6|ipv6-icmp)$/.test(words.proto ?? '') ? 'ipv6' : 'ipv4';
});

const packetOf = remembered((text) => parsePacket(text, familyOfPacket(text)));

/** Walks a packet through a node's rules as they stand in its snapshot. Where both backends hold rules, both decide. */
export function simulateAt(snapshot: NodeSnapshot, start: Start): Walked | { readonly failure: string } {
  const family = familyOfPacket(start.packet);
  try {
    const simulation = simulate({
      rulesets: rulesetsOf(snapshot, family),
      packet: packetOf(start.packet),
      hook: start.hook ?? hookOf(start.from?.chain ?? ''),
      ...(start.from === undefined ? {} : { from: start.from }),
      state: snapshot,
    });
    const { verdict, walk, unknown } = simulation;
    const decided = findDecidingStep(simulation);
    const rewrites = { ...simulation.rewrites };
    const explained = explainWalk(simulation);
    return { verdict, rewrites, left: leftOf(simulation.packet), walk, decided, unknown, explained };
  } catch (error) {
    if (!(error instanceof PacketSyntaxError)) throw error;
    return { failure: `the packet could not be walked through ${snapshot.node}: ${error.message}` };
  }
}

/** A packet's way as a report keeps it. */
export function walkFor(node: string, packet: string, walked: Walked): Walk {
  const { verdict, walk, decided, rewrites, unknown } = walked;
  const place = decided === null ? -1 : walk.indexOf(decided);
  return {
    node,
    packet: packetWords(packet),
    verdict,
    steps: walk.map(({ of: _, ...step }) => step),
    decided: place < 0 ? null : place,
    rewrites: (['src', 'sport', 'dst', 'dport'] as const).flatMap((field) => {
      const value = rewrites[field];
      return value === undefined ? [] : [{ field, value: value === null ? null : String(value) }];
    }),
    unknown: [...unknown],
  };
}

function leftOf(packet: Packet): Walked['left'] {
  return {
    src: packet.src ?? null,
    dst: packet.dst ?? null,
    sport: packet.sport ?? null,
    dport: packet.dport ?? null,
  };
}

const hooks: Readonly<Record<string, NonNullable<Start['hook']>>> = {
  PREROUTING: 'prerouting',
  INPUT: 'input',
  FORWARD: 'forward',
  OUTPUT: 'output',
  POSTROUTING: 'postrouting',
};
const hookOf = (chain: string): NonNullable<Start['hook']> => hooks[chain] ?? 'input';

/** The step that ended the packet's way; where it only went on, the last that matched. */
export function decidingStep(walked: Pick<Walked, 'walk' | 'decided'>): WalkedStep | undefined {
  return walked.decided ?? walked.walk.findLast((step) => step.matched === true);
}
