import type { NodeSnapshot } from '../observe/snapshot.ts';
import type { Timeline } from '../observe/timeline.ts';

/** What was gathered, or why it could not be. A failure makes unknown what rests on it, and nothing else. */
export type Observed<T> = { readonly value: T } | { readonly failure: string };

export type Nodes = Readonly<Record<string, NodeSnapshot>>;

/** Everything that a verdict rests on. Plain JSON: a saved session is judged again with the same result. */
export interface Evidence {
  readonly session: string;
  /** When it was gathered, Unix seconds. */
  readonly time: number;
  /** Read before any probe of this gathering ran. */
  readonly now: Observed<Nodes>;
  /** The nodes at the end of provisioning. */
  readonly baseline: Observed<Nodes>;
  readonly timeline: Observed<Timeline>;
  /** By probeKey(spec). */
  readonly probes: Readonly<Record<string, Observed<ProbeResult>>>;
  /** By fileKey(node, path). */
  readonly files: Readonly<Record<string, Observed<NodeFile>>>;
  /** The last answer given to each question. */
  readonly answers: Readonly<Record<string, StoredAnswer>>;
  /** Whether lines of LOG rules can be had on this machine. */
  readonly kernelLog: Observed<true>;
}

export interface StoredAnswer {
  readonly value: string;
  /** Unix seconds. */
  readonly time: number;
  /** The nodes when it was given. */
  readonly nodes: Observed<Nodes>;
}

export type NodeFile =
  | { readonly kind: 'absent' }
  /** A folder, a device, a symbolic link that leads nowhere. */
  | { readonly kind: 'not-a-file'; readonly what: string }
  | { readonly kind: 'too-large'; readonly bytes: number }
  | { readonly kind: 'text'; readonly text: string };

/** What came back to the sender, or what it ran into. */
export type ProbeOutcome = 'answered' | 'refused' | 'unreachable' | 'timeout';

export interface ProbeResult {
  /** One for each attempt (`count`). */
  readonly attempts: readonly ProbeAttempt[];
  /** In the order of the spec's `counters`: packets of that rule before and after; null where it is not there. */
  readonly counters: readonly { readonly before: number | null; readonly after: number | null }[];
}

export interface ProbeAttempt {
  readonly outcome: ProbeOutcome;
  /** What it rests on, in words: "TCP reset", "ICMP host unreachable from 10.0.0.1". */
  readonly reply: string;
  readonly elapsedMs: number;
  /** Packets of this attempt that came in at a watched node. */
  readonly seen: readonly Sighting[];
}

/** A packet of the probe as it came off the wire at a node, before that node's own netfilter. */
export interface Sighting {
  readonly node: string;
  readonly interface: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
}

export const fileKey = (node: string, path: string): string => `${node}:${path}`;

/** The same spec, however its keys were ordered, has the same key. */
export function probeKey(spec: unknown): string {
  return JSON.stringify(spec, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
