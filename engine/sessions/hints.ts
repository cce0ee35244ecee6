import type { Report } from '../contract/report.ts';
import type { SessionRow, Store } from './store.ts';

export interface OpenedHint {
  /** Counted from 1, in the lab's order. */
  readonly number: number;
  readonly text: string;
  /** Points. */
  readonly cost: number;
  /** Unix seconds. */
  readonly time: number;
}

/** Opens the lab's next hint and remembers it; null where there is none left. */
export function openNextHint(store: Store, session: SessionRow): OpenedHint | null {
  const number = store.openHint(session.id, session.instance.hints.length);
  return openedHints(store, session).find((hint) => hint.number === number) ?? null;
}

export function openedHints(store: Store, session: SessionRow): readonly OpenedHint[] {
  return store.openedHints(session.id).flatMap((time, index) => {
    const hint = session.instance.hints[index];
    return hint ? [{ number: index + 1, text: hint.text, cost: hint.cost, time }] : [];
  });
}

export function costOf(hints: readonly Pick<OpenedHint, 'cost'>[]): number {
  return hints.reduce((sum, { cost }) => sum + cost, 0);
}

/** The report of a session whose learner opened hints: they cost points, never more than there are, and no criterion its verdict. */
export function withHints(report: Report, opened: readonly OpenedHint[]): Report {
  if (opened.length === 0) return report;
  const cost = costOf(opened);
  return { ...report, score: Math.max(0, report.score - cost), hints: { opened: opened.length, cost } };
}
