/**
 * Sends what is typed in the order in which it was typed: one message under way at a time, and what is typed meanwhile goes together in the
 * next one.
 */
export class OrderedInput {
  readonly #send: (data: string) => Promise<void>;
  #waiting = '';
  #sending = false;

  constructor(send: (data: string) => Promise<void>) {
    this.#send = send;
  }

  type(data: string): void {
    this.#waiting += data;
    if (!this.#sending) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#waiting !== '') {
        const data = this.#waiting.slice(0, largestMessage);
        this.#waiting = this.#waiting.slice(data.length);
        await this.#send(data);
      }
    } catch {
      // The line to the engine was cut, which the window says; keys that went nowhere must not come out later.
      this.#waiting = '';
    } finally {
      this.#sending = false;
    }
  }
}

/** In characters; a pasted file goes in several. */
const largestMessage = 100_000;
