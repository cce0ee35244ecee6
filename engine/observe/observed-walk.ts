/** What the kernel told of a probe's packets, as a way from node to node. Pure. */

import { canonicalWords, printRule, type Rule, readNftTable } from '../netfilter/index.ts';
import type { TracedHeader, TracedPacket, TracedStep } from './packet-trace.ts';
import type { NodeSnapshot } from './snapshot.ts';

/** A rule that matched, or a policy that decided. */
export interface ObservedStep {
  /** As `rules explain` names it: `filter`, and `inet mine` for a table of nft's own. */
  readonly table: string;
  readonly chain: string;
  /** 1-based; 0 is the chain's policy, null a rule that has gone since. */
  readonly rule: number | null;
  /** The rule as iptables writes it; for a policy the policy. */
  readonly text: string;
  readonly verdict: string | null;
  /** The chain that it jumped or went to. */
  readonly to: string | null;
}

/** A packet through one node. */
export interface ObservedHop {
  readonly node: string;
  /** null: sent there. */
  readonly in: string | null;
  readonly out: string | null;
  readonly before: TracedHeader;
  readonly after: TracedHeader;
  readonly steps: readonly ObservedStep[];
  /** `dropped` by a step; `vanished` where no rule says why: the routing, or a rule of iptables-legacy. */
  readonly end: 'delivered' | 'left' | 'dropped' | 'vanished';
}

export interface ObservedLeg {
  readonly name: 'first packet' | 'answer';
  readonly hops: readonly ObservedHop[];
}

export interface Flow {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** The sender's port, or ICMP's identifier. */
  readonly mark: number;
}

/** The first packet and its answer, each over the nodes that it came through, in the order of its way. */
export function observedLegs(
  packets: readonly TracedPacket[],
  flow: Flow,
  nodes: Readonly<Record<string, NodeSnapshot>>,
): readonly ObservedLeg[] {
  const texts = new Map(Object.entries(nodes).map(([name, snapshot]) => [name, rulesByHandle(snapshot)]));
  const directions = [
    { name: 'first packet', goes: true },
    { name: 'answer', goes: false },
  ] as const;
  return directions.flatMap(({ name, goes }) => {
    const hops = packets.flatMap((packet) => {
      const [first] = packet.headers;
      return first !== undefined && isForward(first, flow) === goes ? [hopOf(packet, first, texts)] : [];
    });
    const way = onePacket(hops).sort(byWay);
    return way.length > 0 ? [{ name, hops: way }] : [];
  });
}

function isForward(header: TracedHeader, { protocol, mark }: Flow): boolean {
  return protocol === 'icmp' ? header.icmpType === 8 || header.icmpType === 128 : header.sourcePort === mark;
}

/** The packet that came first, where several went the same way: a repeated SYN, the rest of a connection. */
function onePacket(hops: readonly ObservedHop[]): ObservedHop[] {
  const origin = hops.find((hop) => hop.in === null) ?? hops[0];
  const seen = new Set<string>();
  return hops.filter(({ node, in: from, before }) => {
    if (before.sequence !== origin?.before.sequence || before.flags !== origin.before.flags) return false;
    const place = `${node} ${from}`;
    return !seen.has(place) && seen.add(place);
  });
}

/** Every router takes one off the time to live; a sender has its packet before the next node does. */
const byWay = (one: ObservedHop, other: ObservedHop): number =>
  other.before.ttl - one.before.ttl || Number(one.in !== null) - Number(other.in !== null);

interface Place {
  readonly table: string;
  readonly number: number;
  readonly text: string;
}

type Texts = ReadonlyMap<string, ReadonlyMap<string, Place>>;

function hopOf(packet: TracedPacket, first: TracedHeader, texts: Texts): ObservedHop {
  const last = packet.headers.at(-1) ?? first;
  const steps = packet.steps.flatMap((step) => stepOf(step, texts.get(packet.node)));
  const dropped = packet.steps.at(-1)?.verdict === 'drop';
  return {
    node: packet.node,
    in: first.in,
    out: packet.headers.findLast(({ out }) => out !== null)?.out ?? null,
    before: first,
    after: last,
    steps,
    end: packet.end ?? (dropped ? 'dropped' : 'vanished'),
  };
}

function stepOf(step: TracedStep, places: ReadonlyMap<string, Place> | undefined): readonly ObservedStep[] {
  const { type, family, chain, verdict, to, handle } = step;
  const table = nameOf(family, step.table);
  const common = { table, chain, verdict, to };
  if (type === 'return') return [];
  if (type === 'policy') return [{ ...common, rule: 0, text: verdict === 'drop' ? 'DROP' : 'ACCEPT' }];
  const place = places?.get(key(family, step.table, handle));
  // A rule of ours that sets counters only, or one that came or went between the reading and the packet.
  return [{ ...common, rule: place?.number ?? null, text: place?.text ?? 'a rule that has changed meanwhile' }];
}

const builtin = new Set(['raw', 'mangle', 'nat', 'filter', 'security']);

/** iptables' own tables by their name alone. */
const nameOf = (family: string, table: string): string =>
  (family === 'ip' || family === 'ip6') && builtin.has(table) ? table : `${family} ${table}`;

const key = (family: string, table: string, handle: number | null): string => `${family} ${table} ${handle}`;

function rulesByHandle(snapshot: NodeSnapshot): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const add = (family: string, table: string, name: string, rules: readonly Rule[]) => {
    for (const [index, rule] of rules.entries()) {
      if (rule.handle === undefined || places.has(key(family, table, rule.handle))) continue;
      places.set(key(family, table, rule.handle), {
        table: name,
        number: rule.number ?? index + 1,
        text: textOf(rule),
      });
    }
  };
  for (const { family, backend, ruleset } of snapshot.rulesets) {
    if (backend !== 'nft') continue;
    const prefix = family === 'ipv4' ? 'ip' : 'ip6';
    for (const { name, chains } of ruleset.tables) for (const { rules } of chains) add(prefix, name, name, rules);
  }
  for (const { family, name, json } of snapshot.nftTables) {
    for (const version of ['ipv4', 'ipv6'] as const) {
      const own = readNftTable(json, version);
      for (const { rules } of own?.table.chains ?? []) add(family, name, `${family} ${name}`, rules);
    }
  }
  return places;
}

/** A rule of nft has no words of iptables': they are made of what it does. */
const textOf = (rule: Rule): string => (rule.words.length > 0 ? printRule(rule) : canonicalWords(rule).join(' '));
