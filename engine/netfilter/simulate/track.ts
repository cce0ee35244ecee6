/** One way that a packet may have come so far. Values, never changed: a decision that is not known makes two of one. */

import type { Rule } from '../model.ts';
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
  /** Delivered here, passed on, or not decided yet. */
  readonly way: 'here' | 'on' | null;
  /** Answers taken for questions about the packet that came up before, so that the same question is answered alike. */
  readonly assumed: ReadonlyMap<string, boolean>;
  /** What has been taken for granted, in words. */
  readonly conditions: readonly string[];
  readonly reasons: readonly string[];
  /** A target changed the connection's mark to something that is not known. */
  readonly connmarkTouched: boolean;
  readonly trace: Trace | null;
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
  /** The walk began where connections begin, so it knows what nat did to a new one. */
  readonly sawNat: boolean;
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
    track.way,
    [...track.assumed],
    track.connmarkTouched,
  ]);

/** The first one's walk; what both took for granted, then "either" of what they did not share. */
function joined(first: Track, second: Track): Track {
  let shared = 0;
  while (shared < first.conditions.length && first.conditions[shared] === second.conditions[shared]) shared++;
  const rest = [first.conditions.slice(shared), second.conditions.slice(shared)];
  const opposite = rest.every((one) => one.length === 1);
  const either = opposite ? [] : rest.map((one) => one.join(' and ')).filter((text) => text !== '');
  const conditions = [...first.conditions.slice(0, shared), ...(either.length === 2 ? [either.join(', or ')] : [])];
  return { ...first, conditions, reasons: [...new Set([...first.reasons, ...second.reasons])] };
}

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
