import { diffRulesets, type Edit, type Ruleset } from '../netfilter/index.ts';
import type { NodeRuleset, NodeSnapshot } from '../observe/snapshot.ts';
import type { Timeline } from '../observe/timeline.ts';

/** What one state of the timeline changed against the one before it. */
export interface TimelineChange {
  readonly index: number;
  /** Unix seconds. */
  readonly time: number;
  readonly node: string;
  readonly process: string | null;
  readonly provisioning: boolean;
  readonly probing: boolean;
  /** Counters alone are no edit. */
  readonly edits: readonly Edit[];
  /** Lines that came (+) and went (-) outside of iptables' rulesets: nft's own tables, addresses, routes, sysctls, listeners, ipsets. */
  readonly other: readonly string[];
}

/** The timeline as changes, in order. States in which only counters moved have no edits. */
export function timelineChanges(timeline: Timeline): readonly TimelineChange[] {
  return timeline.states.map((state, position) => {
    const now = state.nodes[state.node];
    const before = timeline.states[position - 1]?.nodes[state.node];
    const { index, time, node, process, provisioning, probing } = state;
    const edits = now ? rulesetEdits(before, now) : [];
    const other = now ? otherChanges(before, now) : [];
    return { index, time, node, process, provisioning, probing, edits, other };
  });
}

function rulesetEdits(before: NodeSnapshot | undefined, now: NodeSnapshot): readonly Edit[] {
  const keys = new Set([...(before?.rulesets ?? []), ...now.rulesets].map(keyOf));
  return [...keys].flatMap((key) => {
    const old = before?.rulesets.find((one) => keyOf(one) === key)?.ruleset;
    const next = now.rulesets.find((one) => keyOf(one) === key)?.ruleset;
    const family = (next ?? old)?.family ?? 'ipv4';
    if (old === next) return [];
    return diffRulesets(old ?? empty(family), next ?? empty(family)).filter((edit) => edit.kind !== 'counters');
  });
}

const keyOf = ({ family, backend }: NodeRuleset): string => `${family} ${backend}`;

const empty = (family: Ruleset['family']): Ruleset => ({ family, tables: [], remarks: [] });

function otherChanges(before: NodeSnapshot | undefined, now: NodeSnapshot): readonly string[] {
  const old = new Set(before ? lines(before) : []);
  const next = new Set(lines(now));
  return [
    ...[...old].filter((line) => !next.has(line)).map((line) => `- ${line}`),
    ...[...next].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
}

/** Without links' sysctls of every interface, which come and go with it and say nothing by themselves. */
function lines(node: NodeSnapshot): readonly string[] {
  return [
    ...node.addresses.map((one) => `address ${one.address}/${one.prefix} on ${one.interface}`),
    ...node.routes
      .filter(({ table }) => table === 'main')
      .map((one) => `route ${one.destination}${one.via ? ` via ${one.via}` : ''} dev ${one.interface ?? '-'}`),
    ...node.listeners.map((one) => `listener ${one.protocol} ${one.address}:${one.port}`),
    ...Object.entries(node.sysctls).map(([name, value]) => `sysctl ${name} = ${value}`),
    ...node.nftTables.flatMap(nftLines),
    ...node.ipsets.flatMap((set) => set.entries.map((entry) => `ipset ${set.name} ${entry}`)),
  ];
}

/** A table of family inet has the same rules for both. */
function nftLines({ family, name, read }: NodeSnapshot['nftTables'][number]): readonly string[] {
  const table = (read?.ipv4 ?? read?.ipv6)?.table;
  if (table === undefined) return [];
  return [
    `nft table ${family} ${name}`,
    ...table.chains.flatMap((chain) => [
      `nft ${family} ${name} chain ${chain.name}`,
      ...chain.rules.map((rule) => `nft ${family} ${name} ${chain.name}: ${rule.words.join(' ')}`),
    ]),
  ];
}
