import type { Client } from '../../engine/contract/contract.ts';
import type { Connect } from './connection.ts';

/** Between two tries, in milliseconds: the first comes soon, later ones wait longer. */
const waits = [100, 250, 500, 1000, 2000];

/** The line to the engine, taken up again whenever it is cut. What is live in the window follows `client`. */
export class EngineLink {
  /** null while there is no line. */
  client = $state.raw<Client | null>(null);
  /** There was a line before. */
  lost = $state(false);

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
        await closed;
      } catch {
        // Nobody is there yet: the next try says the same or better.
      }
      this.client = null;
      this.lost = true;
      await new Promise((resolve) => setTimeout(resolve, waits[Math.min(failed, waits.length - 1)]));
    }
  }
}
