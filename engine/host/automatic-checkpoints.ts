import { setTimeout as delay } from 'node:timers/promises';
import { HookpointError } from '../contract/error.ts';
import { tryLock } from '../sessions/lock.ts';
import type { SessionRow, Store } from '../sessions/store.ts';
import type { Workspace } from '../sessions/workspace.ts';

/** How often what changed is saved while an engine runs: a laptop that loses power loses no more than this. In milliseconds. */
const beat = 5 * 60_000;

/** For saving all sessions when the engine ends; who has more to save than fits has the checkpoint before. In milliseconds. */
const farewell = 4_000;

interface AutomaticCheckpointsOf {
  readonly store: Store;
  readonly workspace: () => Promise<Workspace>;
}

/**
 * Saves sessions in which something changed, one after another, every few minutes and once more at the end. A session that somebody works
 * on at the moment, that is lost or cannot be saved is left for the next time.
 */
export class AutomaticCheckpoints implements AsyncDisposable {
  readonly #of: AutomaticCheckpointsOf;
  readonly #timer: NodeJS.Timeout;
  readonly #ending = new AbortController();
  #saving: Promise<void> = Promise.resolve();

  constructor(of: AutomaticCheckpointsOf) {
    this.#of = of;
    this.#timer = setInterval(() => void this.saveChanged(), beat);
    this.#timer.unref();
  }

  /** Done when every session was looked at. Never fails. */
  saveChanged(signal: AbortSignal = this.#ending.signal): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveAll(signal));
    return this.#saving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort();
    const enough = AbortSignal.timeout(farewell);
    // Docker may not answer at all.
    await Promise.race([this.saveChanged(enough), delay(farewell, undefined, { ref: false })]);
  }

  async #saveAll(signal: AbortSignal): Promise<void> {
    try {
      const running = this.#of.store
        .sessions()
        .filter(({ status, restoring }) => status === 'running' && restoring === null);
      if (running.length === 0) return;
      const workspace = await this.#of.workspace();
      for (const session of running) {
        if (signal.aborted) return;
        await saveQuietly(workspace, session, signal);
      }
    } catch (error) {
      // Docker is away, or the database: whoever looks at the app is told by what they look at.
      if (!(error instanceof HookpointError)) throw error;
    }
  }
}

/** What fails here is said where somebody asks for a checkpoint; nobody has asked. */
async function saveQuietly(workspace: Workspace, session: SessionRow, signal: AbortSignal): Promise<void> {
  using held = tryLock(workspace.home, session.id);
  if (!held) return;
  // Loaded when the first is saved: nobody waits for it at the start.
  const { saveIfChanged } = await import('../sessions/checkpoints/save.ts');
  await saveIfChanged(workspace, session, 'time', signal).catch(() => undefined); // lost or full: the next time tries again
}
