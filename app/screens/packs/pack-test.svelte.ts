import type { Client } from '../../../engine/contract/contract.ts';
import type { Failure } from '../../../engine/contract/failures.ts';
import type { PackTestCase, PackTestEvent } from '../../../engine/contract/procedures/packs.ts';
import { failureOf } from '../../client/failure.ts';

type Done = Extract<PackTestEvent, { kind: 'done' }>;

/** One run of a pack's tests, case by case as they end. */
export class PackTestRun {
  running = $state(true);
  planned = $state<number | null>(null);
  cases = $state.raw<readonly PackTestCase[]>([]);
  /** null while it runs, and where it was stopped. */
  done = $state.raw<Done | null>(null);
  failure = $state.raw<Failure | null>(null);
  readonly #left = new AbortController();

  async run(client: Client, pack: string, hostLog: boolean): Promise<void> {
    try {
      for await (const event of await client.packs.test({ pack, hostLog }, { signal: this.#left.signal })) {
        if (event.kind === 'planned') this.planned = event.cases;
        else if (event.kind === 'case') this.cases = [...this.cases, event];
        else this.done = event;
      }
    } catch (thrown) {
      if (!this.#left.signal.aborted) this.failure = failureOf(thrown);
    } finally {
      this.running = false;
    }
  }

  /** Ends the labs that run for it. */
  stop(): void {
    this.#left.abort();
  }
}
