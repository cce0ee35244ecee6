import { performance } from 'node:perf_hooks';
import { stripVTControlCharacters } from 'node:util';

/** How long ours takes against the raw way, measured in turn so that a noisy minute hits both. */
export interface Figures {
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

/** The lines of the bench, printed as they come. */
export class Bench {
  /** Something could not be measured. */
  failed = false;
  readonly #print: (line: string) => void;
  readonly #minutes: number;

  /** `minutes`: longer than any part takes on a slow machine. */
  constructor(print: (line: string) => void = console.log, minutes = 15) {
    this.#print = print;
    this.#minutes = minutes;
  }

  /** One line: its figures, or why there are none. The others go on. */
  async row(name: string, measure: () => Figures | Promise<Figures>): Promise<void> {
    await this.group(name, async () => this.#print(line(name, await measure())));
  }

  /** Lines that stand on the same things: where those cannot be had, that is said once. What hangs is left behind. */
  async group(name: string, work: () => Promise<void>): Promise<void> {
    const hung = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => hung.reject(new Error(`no end after ${this.#minutes} minutes`)),
      this.#minutes * 60_000,
    );
    try {
      await Promise.race([work(), hung.promise]);
    } catch (error) {
      this.failed = true;
      this.#print(`${name.padEnd(48)} FAILED: ${reason(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

export const heading = `${''.padEnd(48)}        ours         raw    ratio   budget  runs`;

export async function compare(budget: number, runs: number, ours: Timed, raw: Timed): Promise<Figures> {
  await ours();
  await raw();
  const pairs: { ours: number; raw: number }[] = [];
  for (let run = 0; run < runs; run++) pairs.push({ ours: await ours(), raw: await raw() });
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    raw: median(pairs.map((pair) => pair.raw)),
    ratio: median(pairs.map((pair) => pair.ours / pair.raw)),
    budget,
    runs,
  };
}

/** What was measured against a fixed limit. */
export const against = (limit: number, ours: number, runs: number, unit: 'ms' | 'MB' = 'ms'): Figures => ({
  ours,
  raw: limit,
  ratio: ours / limit,
  budget: 1,
  runs,
  unit,
});

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

/** The value that this share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

/** What a browser fails with goes on for pages: what was waited for stands in its first lines. */
function reason(error: unknown): string {
  const lines = stripVTControlCharacters(error instanceof Error ? error.message : String(error)).split('\n');
  return lines
    .filter((one) => one.trim() !== '')
    .slice(0, 3)
    .map((one) => one.trim().slice(0, 160))
    .join(' ');
}

function line(name: string, { ours, raw, ratio, budget, runs, unit = 'ms' }: Figures): string {
  return [
    name.padEnd(48),
    `${ours.toFixed(1)} ${unit}`.padStart(11),
    `${raw.toFixed(1)} ${unit}`.padStart(11),
    `${ratio.toFixed(2)}x`.padStart(8),
    `${budget.toFixed(2)}x`.padStart(8),
    `${runs}`.padStart(5),
    ratio > budget ? '  OVER' : '',
  ].join(' ');
}
