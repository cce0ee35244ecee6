/** One way that a packet may have come so far. Values, never changed: a decision that is not known makes two of one. */

import type { Condition, Rule } from '../model.ts';
import type { HostState } from './host-state.ts';
import type { Packet, PacketState } from './packet.ts';
import type { Hook, Rewrites, Verdict, WalkStep } from './simulation.ts';

/** A step before its texts are made: most are never looked at. */
export interface Trace {
  readonly before: Trace | null;
  readonly hook: Hook;
  readonly table: string;
  readonly chain: string;
  readonly rule: number;
  readonly matched: boolean | null;
  readonly why: string | (() => string);
  readonly action: string;
  readonly of: Rule | null;
}

export interface Track {
  readonly packet: Packet;
  readonly rewrites: Rewrites;
  /** What conntrack may say of the packet; one when it is known. */
  readonly states: readonly PacketState[];
  /** A rule of raw kept conntrack from it. */
  readonly notrack: boolean;
  /** Delivered here, passed on, or not decided yet. */
  readonly way: 'here' | 'on' | null;
  /** Answers taken for questions about the packet that came up before, so that the same question is answered alike. */
  readonly assumed: ReadonlyMap<string, boolean>;
  /** Questions that were not all answered with yes: a rule that asks at least these does not match. */
  readonly refused: readonly (readonly string[])[];
  /** What has been taken for granted. */
  readonly conditions: readonly Taken[];
  readonly reasons: readonly string[];
  /** A target changed the connection's mark to something that is not known. */
  readonly connmarkTouched: boolean;
  readonly share: Share;
  /** Where the first routing decision of a packet of this host sent it, when something sent it elsewhere since. */
  readonly firstOut: string | null;
  /** The router that it is sent to; null: straight to its destination, or not known. */
  readonly nextHop: string | null;
  readonly trace: Trace | null;
}

/** How many of all such packets come this way. */
export interface Share {
  /** From 0 to 1; null where no rule gives it. */
  readonly odds: number | null;
  /** Rules' counters (`--mode nth`) that it rests on. */
  readonly counters: readonly Condition[];
}

/** Of two ways out of one decision each has the other's opposite. */
export interface Taken {
  /** "filter INPUT rule 1". */
  readonly about: string;
  readonly holds: boolean;
  readonly text: string;
  /** The share of both ways together. */
  readonly before: Share;
}

export interface Ended {
  readonly track: Track;
  readonly verdict: Verdict;
}

/** Where a rule is asked: what does not change while a table is walked. */
export interface Setting {
  readonly hook: Hook;
  readonly table: string;
  readonly state: HostState | null;
  /** undefined: not known; null: there is none at this hook. */
  readonly in: string | null | undefined;
  readonly out: string | null | undefined;
  /** The packet as it was where the walk began. */
  readonly came?: Packet;
  /** The walk began where connections begin, so it knows what nat did to a new one. */
  readonly sawNat: boolean;
  /** Rules that do not match leave no step. */
  readonly brief: boolean;
  /** How often each `--mode nth` was asked in this simulation. */
  readonly counted: Map<Condition, number>;
}

export function withStep(track: Track, step: Omit<Trace, 'before'>): Track {
  return { ...track, trace: { before: track.trace, ...step } };
}

/** At most so many ways are followed at once; more than a person could read, few enough to be quick. */
export const mostTracks = 256;

/** Ways that differ in nothing that matters to what follows become one. */
export function mergeTracks(tracks: readonly Track[]): Track[] {
  if (tracks.length < 2) return [...tracks];
  const merged = new Map<string, Track>();
  for (const track of tracks) {
    const key = keyOf(track);
    const known = merged.get(key);
    merged.set(key, known === undefined ? track : joined(known, track));
  }
  return [...merged.values()];
}

const keyOf = (track: Track): string =>
  JSON.stringify([
    Object.entries(track.packet).sort(([a], [b]) => (a < b ? -1 : 1)),
    track.rewrites,
    track.states,
    track.notrack,
    track.way,
    [...track.assumed],
    track.refused,
    track.connmarkTouched,
    track.firstOut,
    track.nextHop,
  ]);

/** More than this is more than anyone reads. */
const longestCondition = 400;
const mostReasons = 40;

/** The first one's walk. What both took for granted stays; of what they did not share it is "either", unless that is always so. */
function joined(first: Track, second: Track): Track {
  let shared = 0;
  while (shared < first.conditions.length && first.conditions[shared]?.text === second.conditions[shared]?.text)
    shared++;
  const [a, b] = [first.conditions.slice(shared), second.conditions.slice(shared)];
  const conditions = first.conditions.slice(0, shared);
  const opposite = areOpposite(a, b);
  const share = opposite?.before ?? sumOf(first.share, second.share);
  if (a.length > 0 && b.length > 0 && opposite === null) {
    const text = `${conditionsText(a)}, or ${conditionsText(b)}`;
    if (text.length <= longestCondition) conditions.push({ about: '', holds: true, text, before: share });
  }
  const reasons =
    first.reasons.length >= mostReasons ? first.reasons : [...new Set([...first.reasons, ...second.reasons])];
  return { ...first, conditions, reasons, share };
}

export function sumOf(a: Share, b: Share): Share {
  return {
    odds: a.odds === null || b.odds === null ? null : a.odds + b.odds,
    counters: [...new Set([...a.counters, ...b.counters])],
  };
}

/** The one decision that both come from. */
function areOpposite(a: readonly Taken[], b: readonly Taken[]): Taken | null {
  const [one, other] = [a[0], b[0]];
  if (one === undefined || other === undefined || a.length > 1 || b.length > 1) return null;
  return one.about !== '' && one.about === other.about && one.holds !== other.holds ? one : null;
}

export const conditionsText = (conditions: readonly Taken[]): string =>
  conditions.map(({ text }) => text).join(' and ');

/** The steps in order. */
export function stepsOf(trace: Trace | null, textOf: (rule: Rule) => string): WalkStep[] {
  const steps: WalkStep[] = [];
  for (let at = trace; at !== null; at = at.before) {
    const { hook, table, chain, rule, matched, why, action, of } = at;
    steps.push({
      hook,
      table,
      chain,
      rule,
      matched,
      why: typeof why === 'string' ? why : why(),
      text: of === null ? action : textOf(of),
      action,
      ...(of === null ? {} : { of }),
    });
  }
  return steps.reverse();
}
