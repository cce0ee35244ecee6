/** What goes into a simulation, and what comes out. */

import type { Rule, Ruleset } from '../model.ts';
import type { HostState } from './host-state.ts';
import type { Packet } from './packet.ts';

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export const hooks: readonly Hook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];

export interface SimulationInput {
  /** One, or one for each backend that holds rules: a packet has to get through all. */
  readonly ruleset?: Ruleset;
  readonly rulesets?: readonly Ruleset[];
  readonly packet: Packet;
  /** Where the packet's way begins. With `from` it says where that chain is called from. */
  readonly hook: Hook;
  /** Walk this chain alone. */
  readonly from?: { readonly table: string; readonly chain: string };
  readonly state?: HostState;
  /**
   * `full`, the default: the walk has every rule that the packet came by, with why it did not match. `brief`: rules that do not match leave
   * no step, and those that the packet cannot touch are not even looked at, so that the cost does not grow with them. The verdict, the
   * outcomes and all other steps are the same.
   */
  readonly walk?: 'full' | 'brief';
}

/** `continue`: the packet came out of the chain that alone was walked, and goes on where that was called. */
export type Verdict = 'accept' | 'drop' | 'reject' | 'continue' | 'unknown';

export interface WalkStep {
  readonly hook: Hook;
  /** `routing` for a decision of the routing code; chain is then what decided. */
  readonly table: string;
  readonly chain: string;
  /** 1-based; 0 is the chain's policy. */
  readonly rule: number;
  /** null: what decides is not known. */
  readonly matched: boolean | null;
  /** Which condition failed or is not known, in words; empty for a match. */
  readonly why: string;
  /** The rule as iptables writes it; for a policy the policy. */
  readonly text: string;
  /** What a match does: ACCEPT, LOG, "jump to WEB". */
  readonly action: string;
  /** The rule itself; missing for a policy. */
  readonly of?: Rule;
}

/** What nat changed. null: changed to a value that is not known. */
export interface Rewrites {
  readonly src?: string | null;
  readonly dst?: string | null;
  readonly sport?: number | null;
  readonly dport?: number | null;
}

export interface Outcome {
  readonly verdict: Verdict;
  /** As it left. */
  readonly packet: Packet;
  readonly rewrites: Rewrites;
  /** It came to INPUT: an accepted one is delivered on this host. */
  readonly delivered: boolean;
  /** What a rejected one is answered with, as --reject-with names it; null for others. */
  readonly answer: string | null;
  /** The router that an accepted one goes to next; null: straight to its destination, or not known. */
  readonly nextHop: string | null;
  /** When it comes to this, in words; empty for always. */
  readonly condition: string;
  /** How many of all such packets come to this, from 0 to 1, where rules say so (`statistic`); null where nothing says. */
  readonly probability: number | null;
  readonly walk: readonly WalkStep[];
}

export interface Simulation {
  /** `unknown` when the outcomes disagree about the verdict. */
  readonly verdict: Verdict;
  /** As it left; of an unknown one as in the first outcome. */
  readonly packet: Packet;
  readonly rewrites: Rewrites;
  readonly walk: readonly WalkStep[];
  /** Why the verdict or the rewrites are not known; empty where all outcomes agree in both. */
  readonly unknown: readonly string[];
  readonly outcomes: readonly Outcome[];
}
