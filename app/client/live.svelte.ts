import type { Client } from '../../engine/contract/contract.ts';
import type { Failure } from '../../engine/contract/failures.ts';
import { useLink } from './context.ts';
import { failureOf, isCancelled } from './failure.ts';

/** Before a stream that failed is opened again, in milliseconds: the first time soon, later after longer waits. */
const waits = [250, 500, 1000, 2000];

/**
 * A value of the engine that follows its changes for as long as the component lives. It keeps what it last had while the line is cut, and
 * begins anew when `open` reads other state, and after a failure again and again: what was away may be back.
 */
export class Live<Value> {
  value = $state.raw<Value | null>(null);
  failure = $state.raw<Failure | null>(null);

  constructor(open: (client: Client, signal: AbortSignal) => Promise<AsyncIterable<Value>>) {
    const link = useLink();
    $effect(() => {
      const { client } = link;
      if (!client) return;
      const left = new AbortController();
      void this.#follow(() => open(client, left.signal), left.signal);
      return () => left.abort();
    });
  }

  async #follow(open: () => Promise<AsyncIterable<Value>>, signal: AbortSignal): Promise<void> {
    for (let failed = 0; !signal.aborted; failed++) {
      try {
        for await (const value of await open()) {
          if (signal.aborted) return;
          this.value = value;
          this.failure = null;
          failed = 0;
        }
        return;
      } catch (thrown) {
        if (signal.aborted || isCancelled(thrown)) return;
        this.failure = failureOf(thrown);
      }
      await pause(waits[Math.min(failed, waits.length - 1)] ?? 0, signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
