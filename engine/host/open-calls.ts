import { HookpointError } from '../contract/error.ts';

/** More than any window has under way: a screen asks for some dozens of things, and holds as many streams open. */
const most = { call: 100, stream: 200 } as const;

/** How many calls and streams of one client are under way. A client that asks without end is refused instead of filling the memory. */
export class OpenCalls {
  readonly #open = { call: 0, stream: 0 };

  /** LIMIT_REACHED where there are too many already. Whoever enters leaves. */
  enter(kind: keyof typeof most): void {
    if (this.#open[kind] >= most[kind]) {
      throw new HookpointError('LIMIT_REACHED', `More than ${most[kind]} ${kind}s of this client are under way.`, {
        remedy: 'Wait for answers before asking again.',
      });
    }
    this.#open[kind]++;
  }

  leave(kind: keyof typeof most): void {
    this.#open[kind]--;
  }
}
