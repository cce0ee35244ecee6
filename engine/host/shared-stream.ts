interface Shared<Value> {
  readonly end: AbortController;
  watchers: number;
  /** What came last, and how many came before it. */
  value: Value | undefined;
  version: number;
  failure: { readonly error: unknown } | null;
  ended: boolean;
  /** Resolved, and replaced, at every new value and at the end. */
  news: PromiseWithResolvers<void>;
}

/**
 * One stream for all who watch the same: each has the latest value at once and then every newer one, or the newest of several where it is slower.
 * A failure ends the stream and reaches everybody who watches; who comes again begins it anew.
 */
export class SharedStream<Value> {
  readonly #streams = new Map<string, Shared<Value>>();

  /** `open` is asked by the first who watches `key`; its stream ends, by its signal, with the last who does. */
  async *watch(
    key: string,
    signal: AbortSignal | undefined,
    open: (signal: AbortSignal) => AsyncIterable<Value>,
  ): AsyncGenerator<Value, void> {
    const shared = this.#streams.get(key) ?? this.#start(key, open);
    shared.watchers++;
    let watching = true;
    const leave = () => {
      if (watching) shared.watchers--;
      watching = false;
      if (shared.watchers === 0) this.#stop(key, shared);
      // All wake: who still watches waits for the next news.
      tell(shared);
    };
    // Also one who leaves while a value is his to take, and never asks for another.
    signal?.addEventListener('abort', leave);
    try {
      for (let seen = 0; !signal?.aborted; ) {
        const { news } = shared;
        if (shared.failure) throw shared.failure.error;
        if (shared.version > seen && shared.value !== undefined) {
          seen = shared.version;
          yield shared.value;
        } else if (shared.ended) return;
        else await news.promise;
      }
    } finally {
      signal?.removeEventListener('abort', leave);
      leave();
    }
  }

  #start(key: string, open: (signal: AbortSignal) => AsyncIterable<Value>): Shared<Value> {
    const shared: Shared<Value> = {
      end: new AbortController(),
      watchers: 0,
      value: undefined,
      version: 0,
      failure: null,
      ended: false,
      news: Promise.withResolvers(),
    };
    this.#streams.set(key, shared);
    void this.#run(key, shared, open);
    return shared;
  }

  async #run(key: string, shared: Shared<Value>, open: (signal: AbortSignal) => AsyncIterable<Value>): Promise<void> {
    try {
      for await (const value of open(shared.end.signal)) {
        shared.value = value;
        shared.version++;
        tell(shared);
      }
    } catch (error) {
      shared.failure = { error };
    }
    shared.ended = true;
    this.#stop(key, shared);
    tell(shared);
  }

  #stop(key: string, shared: Shared<Value>): void {
    shared.end.abort();
    if (this.#streams.get(key) === shared) this.#streams.delete(key);
  }
}

function tell(shared: Shared<unknown>): void {
  const { news } = shared;
  shared.news = Promise.withResolvers();
  news.resolve();
}
