import type { Client } from '../../engine/contract/contract.ts';
import type { Failure } from '../../engine/contract/failures.ts';
import { useLink } from './context.ts';
import { failureOf, isCancelled } from './failure.ts';

/**
 * A value of the engine that follows its changes for as long as the component lives. It keeps what it last had while the line is cut, and
 * begins anew when `open` reads other state.
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
      const opening = open(client, left.signal);
      void this.#follow(opening, left.signal);
      return () => left.abort();
    });
  }

  async #follow(opening: Promise<AsyncIterable<Value>>, signal: AbortSignal): Promise<void> {
    try {
      for await (const value of await opening) {
        if (signal.aborted) return;
        this.value = value;
        this.failure = null;
      }
    } catch (thrown) {
      if (!signal.aborted && !isCancelled(thrown)) this.failure = failureOf(thrown);
    }
  }
}
