/** The latest value of a stream: at each new one, and again whenever the bell rings. Ends and fails as the stream does. */
export async function* withBell<Value>(
  stream: AsyncIterable<Value>,
  /** Is given what rings; its answer takes the bell away. */
  hang: (ring: () => void) => () => void,
): AsyncGenerator<Value, void> {
  let latest: { readonly value: Value } | null = null;
  let ended = false;
  let news = Promise.withResolvers<void>();
  const ring = () => news.resolve();
  const following = (async () => {
    for await (const value of stream) {
      latest = { value };
      ring();
    }
  })().finally(() => {
    ended = true;
    ring();
  });
  following.catch(() => undefined); // awaited below
  const takeAway = hang(ring);
  try {
    for (;;) {
      await news.promise;
      news = Promise.withResolvers();
      if (ended) break;
      const now = latest as { readonly value: Value } | null;
      if (now !== null) yield now.value;
    }
    await following;
  } finally {
    takeAway();
  }
}
