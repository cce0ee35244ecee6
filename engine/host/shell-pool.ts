import { openShell, type ResidentShell } from '../observe/resident-shell.ts';
import type { Container } from '../runtime/container.ts';

/** A shell that nobody used for this long is closed, in milliseconds. */
const idleTime = 30_000;

interface Pooled {
  readonly opening: Promise<ResidentShell>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** One resident shell for each container, shared by all who read from it: opening one costs as much as a snapshot. */
export class ShellPool implements AsyncDisposable {
  readonly #shells = new Map<string, Pooled>();

  /** The container's shell, opened if need be. Disposing of it gives it back. */
  async take(container: Container, signal?: AbortSignal): Promise<ResidentShell> {
    signal?.throwIfAborted();
    const pooled = this.#shells.get(container.id) ?? this.#open(container);
    pooled.users++;
    clearTimeout(pooled.idle);
    let given = true;
    const giveBack = async () => {
      if (given) this.#giveBack(container.id, pooled);
      given = false;
    };
    try {
      const { run } = await unlessAborted(pooled.opening, signal);
      return { run, [Symbol.asyncDispose]: giveBack };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#shells];
    await Promise.all(all.map(([id, pooled]) => this.#close(id, pooled)));
  }

  #open(container: Container): Pooled {
    const pooled: Pooled = { opening: openShell(container), users: 0, idle: undefined };
    this.#shells.set(container.id, pooled);
    pooled.opening.catch(() => this.#forget(container.id, pooled)); // who asked is told; the next one tries anew
    return pooled;
  }

  #giveBack(id: string, pooled: Pooled): void {
    pooled.users--;
    if (pooled.users > 0) return;
    pooled.idle = setTimeout(() => void this.#close(id, pooled), idleTime);
    pooled.idle.unref();
  }

  #forget(id: string, pooled: Pooled): void {
    if (this.#shells.get(id) === pooled) this.#shells.delete(id);
  }

  async #close(id: string, pooled: Pooled): Promise<void> {
    this.#forget(id, pooled);
    clearTimeout(pooled.idle);
    const shell = await pooled.opening.catch(() => null); // what failed to open was told to who asked
    await shell?.[Symbol.asyncDispose]();
  }
}

/** Rejects on abort; what was waited for goes on, for others wait for it too. */
async function unlessAborted<Value>(waited: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return waited;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([waited, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
