/** What one simulation stands on. */

import type { Condition, Ruleset } from '../model.ts';
import type { HostState } from './host-state.ts';
import type { Packet } from './packet.ts';
import type { Hook } from './simulation.ts';

export interface Run {
  /** In the order in which the kernel asks them where their priorities are equal. */
  readonly rulesets: readonly Ruleset[];
  readonly state: HostState | null;
  /** Where the packet's way began. */
  readonly start: Hook;
  /** As it was there. */
  readonly came: Packet;
  readonly brief: boolean;
  readonly counted: Map<Condition, number>;
}
