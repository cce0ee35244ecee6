/** In characters; a pasted file goes in several. */
const largestMessage = 100_000;

/** Characters that are kept for a shell that is not there yet; what is typed beyond them is lost. */
const mostHeld = 16_000;

/**
 * Sends what is typed in the order in which it was typed: one message under way at a time, and what is typed meanwhile goes together in the
 * next one. While a shell is awaited it keeps what is typed, and where there is none it takes nothing.
 */
export class OrderedInput {
  readonly #send: (data: string) => Promise<unknown>;
  #state: 'closed' | 'held' | 'open' = 'closed';
  #waiting = '';
  #sending = false;

  constructor(send: (data: string) => Promise<unknown>) {
    this.#send = send;
  }

  /** A shell is on its way. */
  hold(): void {
    this.#state = 'held';
  }

  /** It is there, and gets what was typed for it. */
  open(): void {
    this.#state = 'open';
    void this.#drain();
  }

  /** There is no shell, and what was typed for it must not come out in another one later. */
  close(): void {
    this.#state = 'closed';
    this.#waiting = '';
  }

  type(data: string): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'held' && this.#waiting.length + data.length > mostHeld) return;
    this.#waiting += data;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#waiting !== '' && this.#state === 'open') {
        const data = this.#waiting.slice(0, largestMessage);
        this.#waiting = this.#waiting.slice(data.length);
        await this.#send(data);
      }
    } catch {
      // The line to the engine was cut, which the window says; keys that went nowhere must not come out later.
      this.close();
    } finally {
      this.#sending = false;
    }
  }
}
