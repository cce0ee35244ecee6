import type { Client } from '../../engine/contract/contract.ts';
import { type Connect, Refused } from './connection.ts';

/** Between two tries, in milliseconds: the first comes soon, later ones wait longer. */
const waits = [100, 250, 500, 1000, 2000];

/** The line to the engine, taken up again whenever it is cut. What is live in the window follows `client`. */
export class EngineLink {
  /** null while there is no line. */
  client = $state.raw<Client | null>(null);
  /** There was a line before. */
  lost = $state(false);
  /** There is an engine, and it does not let this window in. */
  refused = $state(false);

  constructor(connect: Connect) {
    void this.#keep(connect);
  }

  async #keep(connect: Connect): Promise<void> {
    for (let failed = 0; ; failed++) {
      try {
        const { client, closed } = await connect();
        failed = 0;
        this.client = client;
        this.lost = false;
        this.refused = false;
        await closed;
      } catch (thrown) {
        // Nobody is there yet, or somebody else: the next try says the same or better.
        this.refused = thrown instanceof Refused;
      }
      this.client = null;
      this.lost = true;
      await new Promise((resolve) => setTimeout(resolve, waits[Math.min(failed, waits.length - 1)]));
    }
  }
}
