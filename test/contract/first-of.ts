/** The first value of a stream that is as wanted; then the stream is left. */
export async function firstOf<Value>(
  open: (signal: AbortSignal) => Promise<AsyncIterable<Value>>,
  wanted: (value: Value) => boolean,
): Promise<Value> {
  const left = new AbortController();
  try {
    for await (const value of await open(left.signal)) if (wanted(value)) return value;
  } finally {
    left.abort();
  }
  throw new Error('the stream ended before');
}
