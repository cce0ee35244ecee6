/** Before the engine's process is started again, in milliseconds. */
const waits = [250, 1000, 2000, 4000, 8000];

/** A process that lived this long was well: what came before no longer counts. In milliseconds. */
const healthyAfter = 60_000;

/** When a process that ended is started again, and when that is given up: each end waits longer than the one before. */
export class RestartPlan {
  #ends = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;

  /** How long to wait after an end at this time; null where it is better to ask somebody. */
  afterEnd(now: number): number | null {
    if (now - this.#lastEnd > healthyAfter) this.#ends = 0;
    this.#lastEnd = now;
    return waits[this.#ends++] ?? null;
  }

  forget(): void {
    this.#ends = 0;
  }
}
