/** Tells everybody who follows that something may have changed. What changed they find out by reading it again. */
export class Changes {
  readonly #followers = new Set<() => void>();

  /** How many follow now: every watch of every client. */
  get followers(): number {
    return this.#followers.size;
  }

  fire(): void {
    for (const follower of this.#followers) follower();
  }

  /** Calls back after the next change, once or more often; the answer ends that. */
  onNext(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Comes once at the beginning and then after changes, several together where the follower is slower; until the signal is aborted. */
  async *follow(signal: AbortSignal): AsyncGenerator<void, void> {
    let wake = Promise.withResolvers<void>();
    const follower = () => wake.resolve();
    this.#followers.add(follower);
    signal.addEventListener('abort', follower);
    try {
      while (!signal.aborted) {
        yield;
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      this.#followers.delete(follower);
      signal.removeEventListener('abort', follower);
    }
  }
}

/** The value at once, and again whenever it has become another. */
export async function* watchValue<Value>(
  changes: Changes,
  signal: AbortSignal | undefined,
  read: () => Value | Promise<Value>,
): AsyncGenerator<Value, void> {
  let last: string | undefined;
  for await (const _ of changes.follow(signal ?? never)) {
    const value = await read();
    const text = JSON.stringify(value);
    if (text === last) continue;
    last = text;
    yield value;
  }
}

const never = new AbortController().signal;
