import { isBuiltinChain } from '../builtin.ts';
import { findTable } from '../find.ts';
import type { Chain, Ruleset, Table } from '../model.ts';
import { forwards, type HostState, isLocalAddress, routeTo } from './host.ts';
import type { Packet } from './packet.ts';
import { type End, type Outcome, traverseChain } from './traverse.ts';
import { assuming, begin, type Hook, merge, stepsOf, type Verdict, type WalkStep, type Way, withStep } from './way.ts';

export interface SimulationInput {
  readonly ruleset: Ruleset;
  readonly packet: Packet;
  readonly hook: Hook;
  /** Begin in this chain alone, instead of at the hook; the verdict `continue` says that the chain lets the packet go on. */
  readonly from?: { readonly table: string; readonly chain: string };
  readonly state?: HostState;
}

/** One way that the packet may take. */
export interface PossibleOutcome {
  readonly verdict: Verdict | 'continue';
  readonly packet: Packet;
  /** What has to be so for it; empty when nothing is unknown. */
  readonly assumed: readonly string[];
  readonly walk: readonly WalkStep[];
}

export interface Rewrites {
  readonly src?: string | null;
  readonly dst?: string | null;
  readonly sport?: number | null;
  readonly dport?: number | null;
  readonly mark?: number;
}

export interface Simulation {
  /** `unknown` where the possible outcomes disagree. */
  readonly verdict: Verdict | 'continue';
  /** As it left: of the first outcome, which takes every rule that may match. */
  readonly packet: Packet;
  /** What was changed; null where it is changed to something that is not known. */
  readonly rewrites: Rewrites;
  readonly walk: readonly WalkStep[];
  /** The step that ended the packet's way; null where nothing but empty chains let it pass. */
  readonly decided: WalkStep | null;
  /** What would have to be known, each once. */
  readonly unknown: readonly string[];
  readonly outcomes: readonly PossibleOutcome[];
}

/** Tables in the order of their priorities at each hook (include/uapi/linux/netfilter_ipv4.h). */
const order: Readonly<Record<Hook, readonly string[]>> = {
  prerouting: ['raw', 'mangle', 'nat'],
  input: ['mangle', 'filter', 'security', 'nat'],
  forward: ['mangle', 'filter', 'security'],
  output: ['raw', 'mangle', 'nat', 'filter', 'security'],
  postrouting: ['mangle', 'nat'],
};

/**
 * Walks a packet from a hook to the last one of its way: prerouting, then input or forward and postrouting; output, then postrouting.
 * nat tables see only what begins a connection. What is not known forks the way, and every fork is an outcome.
 */
export function simulate(input: SimulationInput): Simulation {
  const start = begin(input.packet);
  const outcomes =
    input.from === undefined ? throughHooks(input.hook, [start], input) : throughOne(input.from, start, input);
  return summarise(input.packet, outcomes);
}

function throughOne(from: { table: string; chain: string }, way: Way, input: SimulationInput): readonly Outcome[] {
  const table = findTable(input.ruleset, from.table);
  const chain = table?.chains.find(({ name }) => name === from.chain);
  if (table?.unreadable !== undefined)
    return [{ way: assuming(way, `table ${from.table} could not be read`), end: 'unknown' }];
  if (table === undefined || chain === undefined) return [{ way, end: 'continue' }];
  // A chain of the user's own may be called at any hook: nothing is hidden from its rules.
  const hook = isBuiltinChain(from.table, from.chain) ? (from.chain.toLowerCase() as Hook) : null;
  return traverseChain(chain, [way], { table, hook, host: input.state });
}

function throughHooks(hook: Hook, ways: readonly Way[], input: SimulationInput): readonly Outcome[] {
  const ended: Outcome[] = [];
  let live = ways;
  for (const name of order[hook]) {
    const table = findTable(input.ruleset, name);
    if (table === undefined || live.length === 0) continue;
    const outcomes = name === 'nat' ? throughNat(table, hook, live, input) : throughTable(table, hook, live, input);
    ended.push(...outcomes.filter(({ end }) => end !== 'accept'));
    live = merge(outcomes.filter(({ end }) => end === 'accept').map(({ way }) => way));
  }
  if (hook === 'output') live = live.map((way) => rerouted(way, input.state));
  return [...ended, ...live.flatMap((way) => goOn(hook, way, input))];
}

/** Only a connection's first packet meets nat; where its state is not known it may or may not. */
function throughNat(table: Table, hook: Hook, ways: readonly Way[], input: SimulationInput): readonly Outcome[] {
  if (chainOf(table, hook) === undefined) return ways.map((way) => ({ way, end: 'accept' }));
  return ways.flatMap((way) => {
    const { state } = way.packet;
    if (state === 'NEW') return throughTable(table, hook, [way], input);
    if (state !== undefined) return [{ way, end: 'accept' as const }];
    const reason = 'whether the packet begins a connection is not known';
    const asNew: Way = { ...assuming(way, reason), packet: { ...way.packet, state: 'NEW' } };
    return [...throughTable(table, hook, [asNew], input), { way: assuming(way, reason), end: 'accept' as const }];
  });
}

function chainOf(table: Table, hook: Hook): Chain | undefined {
  return table.chains.find(({ name }) => name === hook.toUpperCase());
}

function throughTable(table: Table, hook: Hook, ways: readonly Way[], input: SimulationInput): readonly Outcome[] {
  if (table.unreadable !== undefined) {
    return ways.map((way) => ({ way: assuming(way, `table ${table.name} could not be read`), end: 'unknown' }));
  }
  const chain = chainOf(table, hook);
  if (chain === undefined) return ways.map((way) => ({ way, end: 'accept' }));
  return traverseChain(chain, ways, { table, hook, host: input.state }).map(({ way, end }) =>
    end === 'continue' ? underPolicy(chain, table, hook, way) : { way, end },
  );
}

function underPolicy(chain: Chain, table: Table, hook: Hook, way: Way): Outcome {
  const drops = chain.policy === 'DROP';
  // The policy of an empty accepting chain tells a reader nothing.
  if (!drops && chain.rules.length === 0) return { way, end: 'accept' };
  const step: WalkStep = {
    hook,
    table: table.name,
    chain: chain.name,
    rule: 0,
    matched: true,
    why: '',
    action: drops ? 'DROP' : 'ACCEPT',
    text: `policy ${chain.policy ?? 'ACCEPT'}`,
  };
  return { way: withStep(way, step), end: drops ? 'drop' : 'accept' };
}

/** What follows a hook that accepted. */
function goOn(hook: Hook, way: Way, input: SimulationInput): readonly Outcome[] {
  switch (hook) {
    case 'prerouting':
      return afterRouting(way, input);
    case 'forward':
    case 'output':
      return throughHooks('postrouting', [way], input);
    default:
      return [{ way, end: 'accept' }];
  }
}

/** The routing decision behind PREROUTING: delivered here, passed on, or neither. */
function afterRouting(way: Way, input: SimulationInput): readonly Outcome[] {
  const { packet } = way;
  const { state } = input;
  if (way.redirected) return throughHooks('input', [way], input);
  const local = packet.dst === undefined ? null : isLocalAddress(packet.dst, state);
  if (local === true) return throughHooks('input', [way], input);
  if (state === undefined) {
    // Nothing is known of the machine: a packet with a way out is passed on, unless nat gave it another destination.
    const hook = packet.out === undefined && !way.destinationRewritten ? 'input' : 'forward';
    return throughHooks(hook, [way], input);
  }
  if (forwards(packet.family, state) === false) return [routed(way, 'this machine forwards nothing', 'drop')];
  const route = packet.dst === undefined ? null : routeTo(packet.dst, packet.family, state);
  if (route === null && packet.out === undefined) return [routed(way, 'no route leads there', 'drop')];
  const out = way.destinationRewritten || packet.out === undefined ? (route?.interface ?? packet.out) : packet.out;
  const leaving = out === undefined || out === null ? way : { ...way, packet: { ...packet, out } };
  return throughHooks('forward', [leaving], input);
}

function routed(way: Way, text: string, end: End): Outcome {
  const step: WalkStep = {
    hook: null,
    table: 'routing',
    chain: 'decision',
    rule: 0,
    matched: true,
    why: '',
    action: 'DROP',
    text,
  };
  return { way: withStep(way, step), end };
}

/** A rewritten destination is routed anew: to this machine itself it leaves by lo. */
function rerouted(way: Way, host: HostState | undefined): Way {
  const { packet } = way;
  if (!way.destinationRewritten || packet.dst === undefined) return way;
  if (isLocalAddress(packet.dst, host) === true) return { ...way, packet: { ...packet, out: 'lo' } };
  const route = host === undefined ? null : routeTo(packet.dst, packet.family, host);
  return route?.interface ? { ...way, packet: { ...packet, out: route.interface } } : way;
}

function summarise(packet: Packet, all: readonly Outcome[]): Simulation {
  const outcomes = all.map(
    ({ way, end }): PossibleOutcome => ({ verdict: end, packet: way.packet, assumed: way.assumed, walk: stepsOf(way) }),
  );
  const [first] = outcomes;
  const walk = first?.walk ?? [];
  const verdicts = new Set(outcomes.map(({ verdict }) => verdict));
  const verdict = verdicts.size === 1 ? (first?.verdict ?? 'accept') : 'unknown';
  const left = first?.packet ?? packet;
  return {
    verdict,
    packet: left,
    rewrites: rewritesOf(packet, left, all[0]?.way),
    walk,
    decided: decidingStep(walk, verdict),
    unknown: [...new Set(outcomes.flatMap(({ assumed }) => assumed))],
    outcomes,
  };
}

function rewritesOf(before: Packet, after: Packet, way: Way | undefined): Rewrites {
  const keys = [
    ...(way?.sourceRewritten ? (['src', 'sport'] as const) : []),
    ...(way?.destinationRewritten ? (['dst', 'dport'] as const) : []),
  ];
  const changed = keys.filter((key) => before[key] !== after[key]).map((key) => [key, after[key] ?? null]);
  return { ...Object.fromEntries(changed), ...(before.mark === after.mark ? {} : { mark: after.mark }) };
}

/**
 * What ended the way: for a packet that was stopped its last step; for one that passed, the rule or policy of filter that let it, for
 * the tables behind filter only rewrite.
 */
function decidingStep(walk: readonly WalkStep[], verdict: Verdict | 'continue'): WalkStep | null {
  const passed = walk.filter((step) => step.matched === true && step.action !== '' && !step.action.startsWith('jump '));
  if (verdict === 'accept') {
    const accepted = passed.filter((step) => step.action === 'ACCEPT');
    return accepted.findLast((step) => step.table === 'filter') ?? accepted.at(-1) ?? null;
  }
  return verdict === 'continue' ? null : (passed.at(-1) ?? null);
}
