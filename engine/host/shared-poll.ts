import type { Changes } from './changes.ts';
import { SharedStream } from './shared-stream.ts';

/** From the end of one reading to the next, in milliseconds: what is watched is at most that old and a reading. */
const beat = 1000;

/**
 * Reads something about once a second for as long as anybody watches it, and at once after a change that the host knows of: one reading for
 * all who watch the same.
 */
export class SharedPoll<Value> {
  readonly #changes: Changes;
  readonly #streams = new SharedStream<Value>();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /**
   * The value at once and again whenever it has become another, until the signal is aborted. `open` is asked by the first who watches `key`, and
   * gives the reading: null where it found what it had found before.
   */
  watch(
    key: string,
    signal: AbortSignal | undefined,
    open: () => () => Promise<Value | null>,
  ): AsyncGenerator<Value, void> {
    return this.#streams.watch(key, signal, (end) => this.#readings(open(), end));
  }

  /** A reading that was begun goes to its end: to break it off would cost the session's shell. */
  async *#readings(read: () => Promise<Value | null>, signal: AbortSignal): AsyncGenerator<Value, void> {
    while (!signal.aborted) {
      const value = await read();
      if (value !== null) yield value;
      await this.#pause(signal);
    }
  }

  /** Until the next beat, a change, or the end. */
  #pause(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stopFollowing();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, beat);
      const stopFollowing = this.#changes.onNext(done);
      signal.addEventListener('abort', done);
    });
  }
}

/** One poll for each host, which its changes stand for: all its windows share the readings. */
export function pollOfHost<Value>(): (changes: Changes) => SharedPoll<Value> {
  const polls = new WeakMap<Changes, SharedPoll<Value>>();
  return (changes) => {
    const poll = polls.get(changes) ?? new SharedPoll<Value>(changes);
    polls.set(changes, poll);
    return poll;
  };
}
