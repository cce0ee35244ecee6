import { randomUUID } from 'node:crypto';
import type { TerminalEvent } from '../contract/procedures/terminals.ts';
import { FlowWindow } from './flow-window.ts';

/** One window at a terminal: what it has still to be told, and how far it is behind. */
export class Attachment {
  readonly id = randomUUID();
  readonly flow = new FlowWindow();
  readonly #events: TerminalEvent[] = [];
  #closed = false;
  #wake = Promise.withResolvers<void>();

  /** Output that waits goes together: many small pieces cost more on the way than few large ones. */
  tell(event: TerminalEvent): void {
    const last = this.#events.at(-1);
    if (event.kind === 'output') {
      this.flow.sent(event.data.length);
      if (last?.kind === 'output') this.#events[this.#events.length - 1] = { ...event, data: last.data + event.data };
      else this.#events.push(event);
    } else this.#events.push(event);
    this.#wake.resolve();
  }

  /** Nothing more comes after what was told. */
  close(): void {
    this.#closed = true;
    this.#wake.resolve();
  }

  /** In order, until it is closed or the window leaves. */
  async *events(signal: AbortSignal): AsyncGenerator<TerminalEvent, void> {
    const leave = () => this.#wake.resolve();
    signal.addEventListener('abort', leave);
    try {
      while (!signal.aborted) {
        const event = this.#events.shift();
        if (event) yield event;
        else if (this.#closed) return;
        else {
          await this.#wake.promise;
          this.#wake = Promise.withResolvers<void>();
        }
      }
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
