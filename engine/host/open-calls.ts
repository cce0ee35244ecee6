import { HookpointError } from '../contract/error.ts';

/** More than any window has under way: every screen together holds some dozens, most of them streams. */
const most = 1000;

/** How many calls and streams of one client are under way. A client that asks without end is refused instead of filling the memory. */
export class OpenCalls {
  #count = 0;

  /** BAD_INPUT where there are too many already. Whoever enters leaves. */
  enter(): void {
    if (this.#count >= most) {
      throw new HookpointError('BAD_INPUT', `More than ${most} requests of this window are under way.`, {
        remedy: 'Wait for answers before asking again.',
      });
    }
    this.#count++;
  }

  leave(): void {
    this.#count--;
  }
}
