import type { Report } from '../../engine/contract/report.ts';
import { gradingText } from '../strings/grading.ts';
import type { Mark } from './shown-criterion.ts';

/** A criterion that turned is lit for so long, in milliseconds. */
const litFor = 2500;

export interface Marked {
  readonly id: string;
  readonly title: string;
  readonly mark: Mark;
}

interface Latest {
  readonly time: number;
  readonly report: Report;
}

/** Which criteria have just turned, by whoever's check or by what was done in a node, and what a screen reader is told of it. */
export class Turned {
  ids = $state.raw<ReadonlySet<string>>(new Set());
  said = $state('');
  #before: {
    readonly marks: ReadonlyMap<string, Mark>;
    readonly checked: number | null;
    readonly live: boolean;
  } | null = null;
  #lit: ReturnType<typeof setTimeout> | undefined;

  /** To be called with what is shown, at the beginning and whenever it may have become otherwise; `live`: what is seen now is part of it. */
  see(criteria: readonly Marked[], latest: Latest | null, live: boolean): void {
    const before = this.#before;
    const checked = latest?.time ?? null;
    this.#before = { marks: new Map(criteria.map(({ id, mark }) => [id, mark])), checked, live };
    // That it is seen now, or no longer, turns nothing.
    if (before === null || before.live !== live) return;
    const changed = criteria.filter(({ id, mark }) => before.marks.get(id) !== mark);
    const isCheck = latest !== null && checked !== before.checked;
    if (changed.length === 0 && !isCheck) return;
    const sum = isCheck ? [gradingText.checked(latest.report.score, latest.report.possible)] : [];
    const each = changed.map(({ title, mark }) => gradingText.turned(title, mark));
    this.said = [...sum, ...(each.length > 0 ? each : [gradingText.nothingTurned])].join(' ');
    this.#light(changed.map(({ id }) => id));
  }

  #light(ids: readonly string[]): void {
    this.ids = new Set(ids);
    clearTimeout(this.#lit);
    this.#lit = setTimeout(() => {
      this.ids = new Set();
    }, litFor);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#lit);
  }
}
