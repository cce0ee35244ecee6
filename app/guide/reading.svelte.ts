import type { Preferences } from '../ui/preferences.svelte.ts';

interface Kept {
  /** The guide's line at the upper edge, 0-based. */
  readonly line: number;
  /** Milliseconds since 1970 by the line at which a block begins. */
  readonly runs: Readonly<Record<string, number>>;
}

const nothing: Kept = { line: 0, runs: {} };
/** Sessions whose reading is remembered; those of long ago are forgotten. */
const mostSessions = 50;

/** How far a session's guide was read, and which of its blocks were run. */
export class Reading {
  readonly #preferences: Preferences;
  readonly #session: string;
  #kept = $state.raw<Kept>(nothing);

  constructor(preferences: Preferences, session: string) {
    this.#preferences = preferences;
    this.#session = session;
    this.#kept = preferences.get(nameFor(session), nothing, isKept);
  }

  get line(): number {
    return this.#kept.line;
  }

  ranAt(line: number): number | null {
    return this.#kept.runs[String(line)] ?? null;
  }

  readTo(line: number): void {
    if (line !== this.#kept.line) this.#keep({ ...this.#kept, line });
  }

  ran(line: number): void {
    this.#keep({ ...this.#kept, runs: { ...this.#kept.runs, [line]: Date.now() } });
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    this.#preferences.set(nameFor(this.#session), kept);
    const recent = this.#preferences.get('guide.recent', [], isTexts);
    if (recent.at(-1) === this.#session) return;
    const sessions = [...recent.filter((id) => id !== this.#session), this.#session];
    for (const old of sessions.slice(0, -mostSessions)) this.#preferences.forget(nameFor(old));
    this.#preferences.set('guide.recent', sessions.slice(-mostSessions));
  }
}

const nameFor = (session: string): string => `guide/${session}`;

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null || !('line' in value) || !('runs' in value)) return false;
  const { line, runs } = value;
  if (typeof line !== 'number' || typeof runs !== 'object' || runs === null) return false;
  return Object.values(runs).every((time) => typeof time === 'number');
}
