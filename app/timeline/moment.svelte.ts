import type { Client } from '../../engine/contract/contract.ts';
import type { Failure } from '../../engine/contract/failures.ts';
import type { NetfilterView } from '../../engine/contract/procedures/netfilter.ts';
import { failureOf, isCancelled } from '../client/failure.ts';
import type { NewsOf } from '../netfilter/news.svelte.ts';
import { differencesOf } from './differences.ts';

interface Place {
  readonly session: string;
  readonly node: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly state: number;
}

/** The rules of a node at a moment, and what of them is otherwise now. The latest that was asked for is shown, however fast a scrubber moves. */
export class MomentRules {
  view = $state.raw<NetfilterView | null>(null);
  differences = $state.raw<NewsOf>({ of: () => ({ marks: new Map(), removed: [] }) });
  /** How many rules are marked. */
  count = $state(0);
  failure = $state.raw<Failure | null>(null);
  #asked: AbortController | null = null;

  async show(client: Client, place: Place): Promise<void> {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    try {
      const { past, latest } = await client.timeline.rules(place, { signal: asked.signal });
      if (asked.signal.aborted) return;
      const { chains, count } = differencesOf(past, latest);
      this.differences = {
        of: (table, chain) => chains.get(`${table}\n${chain}`) ?? { marks: new Map(), removed: [] },
      };
      this.count = count;
      this.view = past;
      this.failure = null;
    } catch (thrown) {
      if (!asked.signal.aborted && !isCancelled(thrown)) this.failure = failureOf(thrown);
    }
  }

  leave(): void {
    this.#asked?.abort();
  }
}
