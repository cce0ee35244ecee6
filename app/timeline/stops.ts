import type { ChangeEntry, TimelineEntry } from '../../engine/contract/procedures/timeline.ts';

/** Where a scrubber can stand: from the state that the lab began with to the last. */
export interface Stops {
  readonly first: number;
  readonly last: number;
  /** Changes of the learner's, in their order. */
  readonly changes: readonly ChangeEntry[];
}

/** Of a history's entries; null where there are no states. Pure. */
export function stopsOf(entries: readonly TimelineEntry[], states: number | null): Stops | null {
  if (states === null || states === 0) return null;
  const all = entries.filter((entry): entry is ChangeEntry => entry.kind === 'change');
  const changes = all.filter(({ provisioning }) => !provisioning);
  const [first] = changes;
  const prepared = all.filter((entry) => entry.provisioning && (first === undefined || entry.last < first.first));
  const begin =
    prepared.length > 0 ? Math.max(...prepared.map(({ last }) => last)) : Math.max(0, (first?.first ?? states) - 1);
  return { first: Math.min(begin, states - 1), last: states - 1, changes };
}

/** The entry that a state belongs to, or that came last before it. */
export function changeAt({ changes }: Stops, state: number): ChangeEntry | null {
  let found: ChangeEntry | null = null;
  for (const change of changes) if (change.first <= state) found = change;
  return found;
}

/** The end of the change before or after a state; the first and the last state where there is none. */
export function neighbour({ changes, first, last }: Stops, state: number, way: 'earlier' | 'later'): number {
  const ends = changes.map((change) => change.last).sort((a, b) => a - b);
  if (way === 'later') return ends.find((end) => end > state) ?? last;
  const before = ends.filter((end) => end < state);
  return before[before.length - 1] ?? first;
}
