/** A packet's way through a host, from a hook to the last one of the way. */

import { isBaseChain, placesOf } from '../base-chains.ts';
import { findTable } from '../find.ts';
import type { Ruleset } from '../model.ts';
import { chainNamed } from './chain-names.ts';
import { collect, outcomeKey, together } from './outcomes.ts';
import type { Packet, PacketState } from './packet.ts';
import { refusedOnReceipt } from './reverse-path.ts';
import { routeInput, routeOutput, stopped, withNextHop } from './routing-decision.ts';
import type { Run } from './run.ts';
import type { Hook, Simulation, SimulationInput, Verdict } from './simulation.ts';
import { type Ended, mergeTracks, type Track } from './track.ts';
import { walkChain } from './walk-chain.ts';
import { settingAt, walkBase, walkHook } from './walk-hook.ts';

/**
 * Walks a packet from a hook on to the last one of its way, or with `from` through one chain alone. Pure. What is not known of the packet
 * or the host leads to several outcomes; where these disagree the verdict is `unknown` and `unknown` says why.
 */
export function simulate(input: SimulationInput): Simulation {
  const rulesets = input.rulesets ?? (input.ruleset === undefined ? [] : [input.ruleset]);
  const mine = rulesets.filter((ruleset) => ruleset.family === input.packet.family);
  const [first, second, ...more] = mine;
  const one = simulateInOrder(input, mine);
  if (first === undefined || second === undefined || more.length > 0) return one;
  // Of chains with one priority the kernel asks the one that was registered last first (nf_hook_entries_grow), which no dump tells.
  const other = simulateInOrder(input, [second, first]);
  const keys = (simulation: Simulation) => JSON.stringify(simulation.outcomes.map(outcomeKey).sort());
  if (keys(one) === keys(other)) return one;
  return together(
    [...one.outcomes, ...other.outcomes],
    [
      ...new Set([
        ...one.unknown,
        ...other.unknown,
        'which of the two backends is asked first (iptables-nft or iptables-legacy) is not known',
      ]),
    ],
  );
}

/** Walks a packet through one chain alone: `continue` where it comes out at the end. */
export function simulateChain(
  input: Omit<SimulationInput, 'from' | 'hook'> & {
    readonly from: { readonly table: string; readonly chain: string };
    readonly hook?: Hook;
  },
): Simulation {
  return simulate({ ...input, hook: input.hook ?? hookOfChain(input) });
}

function hookOfChain({
  from,
  packet,
  ruleset,
  rulesets = ruleset === undefined ? [] : [ruleset],
}: Omit<SimulationInput, 'from' | 'hook'> & {
  readonly from: { readonly table: string; readonly chain: string };
}): Hook {
  const { table, chain } = from;
  const tables = rulesets.map((one) => findTable(one, table) ?? { name: table, chains: [] });
  const places = [...tables, { name: table, chains: [] }].flatMap((one) => placesOf(one, undefined));
  const base = places.find((place) => place.chain === chain);
  if (base !== undefined) return base.hook;
  if (packet.in === undefined) return packet.out === undefined ? 'input' : 'output';
  if (packet.out === undefined) return table === 'nat' || table === 'raw' ? 'prerouting' : 'input';
  return 'forward';
}

function simulateInOrder(input: SimulationInput, rulesets: readonly Ruleset[]): Simulation {
  const run: Run = {
    rulesets,
    state: input.state ?? null,
    start: input.hook,
    came: input.packet,
    brief: input.walk === 'brief',
    counted: new Map(),
  };
  const track = startTrack(input.packet);
  const ended = input.from === undefined ? begin(run, input.hook, track) : walkOne(run, input.from, track);
  const outcomes = collect(ended, run.counted);
  const reasons = [...new Set(ended.flatMap((one) => one.track.reasons))];
  return together(outcomes, reasons);
}

const allStates: readonly PacketState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

function startTrack(packet: Packet): Track {
  return {
    packet,
    rewrites: {},
    states: packet.state === undefined ? allStates : [packet.state],
    notrack: false,
    way: null,
    assumed: new Map(),
    refused: [],
    conditions: [],
    reasons: [],
    connmarkTouched: false,
    share: { odds: 1, counters: [] },
    firstOut: null,
    nextHop: null,
    trace: null,
  };
}

function begin(run: Run, hook: Hook, track: Track): Ended[] {
  if (hook === 'prerouting') {
    const refused = refusedOnReceipt(track.packet);
    if (refused !== null) return [stopped(track, hook, 'receipt', refused)];
  }
  if (hook !== 'output') return walkWay(run, hook, [withNextHop(run, track)]);
  const decided = routeOutput(run, track);
  return [...decided.ended, ...walkWay(run, hook, decided.on)];
}

function walkWay(run: Run, hook: Hook, tracks: readonly Track[]): Ended[] {
  if (tracks.length === 0) return [];
  const placed: readonly Track[] = tracks.map((track) => ({
    ...track,
    way: hook === 'input' ? 'here' : hook === 'forward' ? 'on' : track.way,
  }));
  const flow = walkHook(run, hook, placed);
  const next = flow.through;
  if (hook === 'prerouting') {
    const decided = next.map((track) => routeInput(run, track));
    return [
      ...flow.ended,
      ...decided.flatMap((one) => one.ended),
      ...walkWay(
        run,
        'input',
        decided.flatMap((one) => one.here),
      ),
      ...walkWay(
        run,
        'forward',
        decided.flatMap((one) => one.on),
      ),
    ];
  }
  if (hook === 'forward' || hook === 'output') return [...flow.ended, ...walkWay(run, 'postrouting', next)];
  return [...flow.ended, ...next.map((track): Ended => ({ track, verdict: 'accept' }))];
}

const withReason = (track: Track, reason: string): Track => ({ ...track, reasons: [...track.reasons, reason] });

function walkOne(run: Run, from: { readonly table: string; readonly chain: string }, track: Track): Ended[] {
  let live: Track[] = [withNextHop(run, track)];
  const ended: Ended[] = [];
  let found = false;
  for (const ruleset of run.rulesets) {
    const table = findTable(ruleset, from.table);
    const chain = table === undefined ? undefined : chainNamed(table, from.chain);
    if (table === undefined || (chain === undefined && table.unreadable === undefined)) continue;
    found = true;
    const next: Track[] = [];
    for (const one of live) {
      const place = placesOf(table, ruleset.backend).find((base) => base.chain === from.chain);
      const at = chainSetting(run, place?.as ?? from.table, one);
      if (chain === undefined || place !== undefined) {
        const flow = walkBase(table, one, at, from.chain);
        next.push(...flow.through);
        ended.push(...flow.ended);
      } else {
        const flow = walkChain(table, chain, one, at);
        next.push(...flow.through);
        ended.push(...flow.ended);
      }
    }
    live = mergeTracks(next);
  }
  const isBase = [
    { name: from.table, chains: [] },
    ...run.rulesets.flatMap((one) => findTable(one, from.table) ?? []),
  ].some((table) => isBaseChain(table, from.chain));
  const verdict: Verdict = isBase ? 'accept' : found ? 'continue' : 'unknown';
  const reason = `there is no chain ${from.chain} in ${from.table}`;
  ended.push(...live.map((one): Ended => ({ track: verdict === 'unknown' ? withReason(one, reason) : one, verdict })));
  return ended;
}

/** A chain may be called from several hooks: the packet's own interfaces say from which; the one that is not given is none. */
function chainSetting(run: Run, table: string, track: Track) {
  const { in: came, out } = track.packet;
  const at = settingAt(run, run.start, table, track);
  if (came === undefined && out === undefined) return at;
  return { ...at, in: came ?? null, out: out ?? null };
}
