/**
 * Work that tells of its progress, as a stream: what it emits comes in order, then the stream ends as the work does. Who leaves early
 * aborts the work, and the stream is over only when it has come to its end.
 */
export async function* streamOf<Event>(
  signal: AbortSignal | undefined,
  work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<Event, void> {
  const left = new AbortController();
  const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const events: Event[] = [];
  let wake = Promise.withResolvers<void>();
  let done = false;
  const working = work((event) => {
    events.push(event);
    wake.resolve();
  }, stop).finally(() => {
    done = true;
    wake.resolve();
  });
  working.catch(() => undefined); // awaited below
  try {
    while (!done || events.length > 0) {
      yield* events.splice(0);
      if (done) continue;
      await wake.promise;
      wake = Promise.withResolvers<void>();
    }
    await working;
  } finally {
    left.abort();
    await working.catch(() => undefined); // who left does not hear of it
  }
}
