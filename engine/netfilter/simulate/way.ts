import type { Packet } from './packet.ts';

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export type Verdict = 'accept' | 'drop' | 'reject' | 'unknown';

/** One rule, policy or routing decision that the packet met. */
export interface WalkStep {
  readonly hook: Hook | null;
  readonly table: string;
  readonly chain: string;
  /** 1-based as `iptables -L --line-numbers` counts; 0 is the chain's policy. */
  readonly rule: number;
  /** null: it depends on what is not known. */
  readonly matched: boolean | null;
  /** Which condition failed or is unknown; empty when it matched. */
  readonly why: string;
  readonly action: string;
  /** The rule as iptables-save prints it, without `-A CHAIN`. */
  readonly text: string;
}

/** A packet under way: what it is now, and what it met. One way forks into more where something is unknown. */
export interface Way {
  readonly packet: Packet;
  readonly steps: Steps | null;
  /** What had to be assumed for this way. */
  readonly assumed: readonly string[];
  readonly sourceRewritten: boolean;
  readonly destinationRewritten: boolean;
  /** REDIRECT sends a packet to this machine, whatever its address turns out to be. */
  readonly redirected: boolean;
}

/** Steps as a list that grows at its head, so that forks share what lies behind them. */
export interface Steps {
  readonly step: WalkStep;
  readonly before: Steps | null;
}

export function begin(packet: Packet): Way {
  return {
    packet,
    steps: null,
    assumed: [],
    sourceRewritten: false,
    destinationRewritten: false,
    redirected: false,
  };
}

export function withStep(way: Way, step: WalkStep): Way {
  return { ...way, steps: { step, before: way.steps } };
}

export function assuming(way: Way, what: string): Way {
  return way.assumed.includes(what) ? way : { ...way, assumed: [...way.assumed, what] };
}

export function stepsOf(way: Way): readonly WalkStep[] {
  const steps: WalkStep[] = [];
  for (let at = way.steps; at !== null; at = at.before) steps.push(at.step);
  return steps.reverse();
}

/** Ways that cannot be told apart any more are one: the first, with the assumptions of all. */
export function merge(ways: readonly Way[]): readonly Way[] {
  if (ways.length < 2) return ways;
  const byState = new Map<string, Way>();
  for (const way of ways) {
    const key = JSON.stringify([way.packet, way.sourceRewritten, way.destinationRewritten, way.redirected]);
    const same = byState.get(key);
    byState.set(key, same === undefined ? way : way.assumed.reduce(assuming, same));
  }
  return [...byState.values()];
}
