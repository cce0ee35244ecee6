import type { Walk } from '../../engine/contract/report.ts';

export type WalkStep = Walk['steps'][number];

/** One line of a chain that a packet came by, or several that only did not match. */
export type WalkRow =
  | { readonly kind: 'step'; readonly step: WalkStep; readonly decided: boolean }
  | { readonly kind: 'folded'; readonly steps: readonly WalkStep[] };

/** A packet's stay in one chain. */
export interface Station {
  readonly hook: WalkStep['hook'];
  readonly table: string;
  readonly chain: string;
  readonly rows: readonly WalkRow[];
}

/** Longer runs of rules that did not match are folded, but for the last, which stands next to what did. */
const shownUnmatched = 4;

/** A walk as it is drawn: chain after chain, in the packet's order. Who comes back from a jump comes to a station of its own. */
export function stationsOf({ steps, decided }: Pick<Walk, 'steps' | 'decided'>): readonly Station[] {
  const groups: { first: WalkStep; steps: { step: WalkStep; decided: boolean }[] }[] = [];
  for (const [place, step] of steps.entries()) {
    const last = groups.at(-1);
    const placed = { step, decided: place === decided };
    if (last && isSamePlace(last.first, step)) last.steps.push(placed);
    else groups.push({ first: step, steps: [placed] });
  }
  return groups.map(({ first: { hook, table, chain }, steps: own }) => ({ hook, table, chain, rows: rowsOf(own) }));
}

const isSamePlace = (a: WalkStep, b: WalkStep): boolean =>
  a.hook === b.hook && a.table === b.table && a.chain === b.chain && b.rule !== 1;

function rowsOf(steps: readonly { step: WalkStep; decided: boolean }[]): WalkRow[] {
  const rows: WalkRow[] = [];
  let run: WalkStep[] = [];
  const endRun = () => {
    const hidden = run.length > shownUnmatched ? run.slice(0, -1) : [];
    if (hidden.length > 0) rows.push({ kind: 'folded', steps: hidden });
    for (const step of run.slice(hidden.length)) rows.push({ kind: 'step', step, decided: false });
    run = [];
  };
  for (const { step, decided } of steps) {
    if (step.matched === false && !decided) {
      run.push(step);
      continue;
    }
    endRun();
    rows.push({ kind: 'step', step, decided });
  }
  endRun();
  return rows;
}
