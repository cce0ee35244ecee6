import type { Changes } from './changes.ts';

/** From the end of one reading to the next, in milliseconds: what is watched is at most that old and a reading. */
const beat = 1000;

interface Poll<Value> {
  readonly end: AbortController;
  watchers: number;
  /** What was read last, and how often it has become another. */
  value: Value | undefined;
  version: number;
  failure: { readonly error: unknown } | null;
  /** Resolved, and replaced, at every new value and at the end. */
  news: PromiseWithResolvers<void>;
}

/**
 * Reads something about once a second for as long as anybody watches it, and at once after a change that the host knows of: one reading for
 * all who watch the same. A failure ends the poll and reaches everybody who watches; who comes again begins it anew.
 */
export class SharedPoll<Value> {
  readonly #changes: Changes;
  readonly #polls = new Map<string, Poll<Value>>();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /**
   * The value at once and again whenever it has become another, until the signal is aborted. `open` is asked by the first who watches `key`, and
   * gives the reading: null where it found what it had found before.
   */
  async *watch(
    key: string,
    signal: AbortSignal | undefined,
    open: () => () => Promise<Value | null>,
  ): AsyncGenerator<Value, void> {
    const poll = this.#polls.get(key) ?? this.#start(key, open());
    poll.watchers++;
    // All wake: who still watches waits for the next news.
    const wake = () => tell(poll);
    signal?.addEventListener('abort', wake);
    try {
      for (let seen = 0; !signal?.aborted; ) {
        const { news } = poll;
        if (poll.failure) throw poll.failure.error;
        if (poll.version > seen && poll.value !== undefined) {
          seen = poll.version;
          yield poll.value;
        } else await news.promise;
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      poll.watchers--;
      if (poll.watchers === 0) this.#stop(key, poll);
    }
  }

  #start(key: string, read: () => Promise<Value | null>): Poll<Value> {
    const poll: Poll<Value> = {
      end: new AbortController(),
      watchers: 0,
      value: undefined,
      version: 0,
      failure: null,
      news: Promise.withResolvers(),
    };
    this.#polls.set(key, poll);
    void this.#run(key, poll, read);
    return poll;
  }

  #stop(key: string, poll: Poll<Value>): void {
    poll.end.abort();
    if (this.#polls.get(key) === poll) this.#polls.delete(key);
  }

  /** A reading that was begun goes to its end: to break it off would cost the session's shell. */
  async #run(key: string, poll: Poll<Value>, read: () => Promise<Value | null>): Promise<void> {
    const { signal } = poll.end;
    try {
      while (!signal.aborted) {
        const value = await read();
        if (value !== null) {
          poll.value = value;
          poll.version++;
          tell(poll);
        }
        await this.#pause(signal);
      }
    } catch (error) {
      poll.failure = { error };
      this.#stop(key, poll);
      tell(poll);
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

function tell(poll: Poll<unknown>): void {
  const { news } = poll;
  poll.news = Promise.withResolvers();
  news.resolve();
}
