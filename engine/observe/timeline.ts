import type { ConntrackEntry, NodeSnapshot } from './snapshot.ts';

/**
 * A session's states in order. A new state begins with each nf_tables generation of any node and with each change that was found
 * in what has no events. What is shared between states is shared in memory.
 */
export interface Timeline {
  readonly states: readonly TimelineState[];
  readonly flows: readonly FlowEvent[];
  readonly log: readonly KernelLogLine[];
  readonly marks: readonly Mark[];
  readonly gaps: readonly Gap[];
}

export interface TimelineState {
  /** 0-based, in order. */
  readonly index: number;
  /** When it began, Unix seconds. */
  readonly time: number;
  /** The node that changed. */
  readonly node: string;
  /** The process that made the change, where the kernel said so: "iptables", "nft". */
  readonly process: string | null;
  /** Every node as it was then. Counters of a rule are the highest seen while the rule lived unchanged in this state. */
  readonly nodes: Readonly<Record<string, NodeSnapshot>>;
  /** Made before the end of provisioning, or while a node was restarted or a checkpoint brought back; no evidence of the learner's doing. */
  readonly provisioning: boolean;
  /** A probe of the grader was under way: counters and flows of this state prove nothing. */
  readonly probing: boolean;
}

/** A connection that conntrack saw begin or go on. */
export interface FlowEvent {
  readonly time: number;
  readonly node: string;
  readonly event: 'new' | 'update' | 'destroy';
  readonly flow: ConntrackEntry;
  readonly probing: boolean;
}

/** A line that the kernel itself wrote (never one that was written into /dev/kmsg). */
export interface KernelLogLine {
  readonly time: number;
  readonly sequence: number;
  readonly text: string;
}

/**
 * The detail of `node-restarting` and `node-restarted` is the node, that of `probe-begin` for how many seconds probes can last at most.
 * Between `restoring` and `restored` a checkpoint is brought back, a change undone or nodes are reset: the detail says which.
 */
export interface Mark {
  readonly time: number;
  readonly name:
    | 'provisioned'
    | 'probe-begin'
    | 'probe-end'
    | 'node-restarting'
    | 'node-restarted'
    | 'restoring'
    | 'restored'
    | 'answer'
    | 'note';
  readonly detail?: string;
}

/** Between these times events were lost for this node (null: for all). */
export interface Gap {
  /** What was lost: states of the rules, connections, or lines of the kernel log. A gap in one says nothing about the others. */
  readonly what: 'states' | 'flows' | 'log';
  readonly node: string | null;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}
