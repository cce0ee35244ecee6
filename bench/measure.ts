import { performance } from 'node:perf_hooks';

/** One line of the bench: how long ours takes against the raw way, measured in turn so that a noisy minute hits both. */
export interface Row {
  readonly name: string;
  /** Medians, in `unit`. */
  readonly ours: number;
  readonly raw: number;
  /** Median of the ratios of neighbouring runs. */
  readonly ratio: number;
  /** The ratio that must not be exceeded, from the design's budgets. */
  readonly budget: number;
  readonly runs: number;
  readonly unit?: 'ms' | 'MB';
}

/** Does the work once and answers the milliseconds that count; what comes before and after them is not timed. */
export type Timed = () => Promise<number>;

export async function compare(name: string, budget: number, runs: number, ours: Timed, raw: Timed): Promise<Row> {
  await ours();
  await raw();
  const pairs: { ours: number; raw: number }[] = [];
  for (let run = 0; run < runs; run++) pairs.push({ ours: await ours(), raw: await raw() });
  return {
    name,
    ours: median(pairs.map((pair) => pair.ours)),
    raw: median(pairs.map((pair) => pair.raw)),
    ratio: median(pairs.map((pair) => pair.ours / pair.raw)),
    budget,
    runs,
  };
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function formatRow(row: Row): string {
  const over = row.ratio > row.budget ? '  OVER' : '';
  return [
    row.name.padEnd(48),
    `${row.ours.toFixed(1)} ${row.unit ?? 'ms'}`.padStart(11),
    `${row.raw.toFixed(1)} ${row.unit ?? 'ms'}`.padStart(11),
    `${row.ratio.toFixed(2)}x`.padStart(8),
    `${row.budget.toFixed(2)}x`.padStart(8),
    `${row.runs}`.padStart(5),
    over,
  ].join(' ');
}
