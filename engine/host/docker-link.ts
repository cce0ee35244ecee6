import { setTimeout as delay } from 'node:timers/promises';
import { asHookpointError, HookpointError } from '../contract/error.ts';
import type { ContainerRuntime } from '../runtime/container.ts';
import type { Home } from '../sessions/home.ts';
import { labels } from '../sessions/labels.ts';
import type { Changes } from './changes.ts';

/** All in milliseconds. */
export interface LinkTimes {
  /** Between two tries to reach an engine that did not answer. */
  readonly retry: number;
  /** Between two questions whether it still answers, asked while anybody follows what happens here. */
  readonly beat: number;
  /** An engine that needs longer for that answer hangs: dockerd gives it without any work. */
  readonly silence: number;
}

export interface LinkOptions {
  readonly times?: LinkTimes;
  /** Goes first, unless it takes longer than a retry: Docker's client is large, and loading it holds up all else for a tenth of a second. */
  readonly after?: Promise<unknown>;
}

const usualTimes: LinkTimes = { retry: 1000, beat: 5000, silence: 5000 };

/** The connection to the engine that runs containers, taken up again whenever it is lost. */
export class DockerLink implements AsyncDisposable {
  readonly #home: Home;
  readonly #changes: Changes;
  readonly #times: LinkTimes;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  readonly #firstTry = Promise.withResolvers<void>();
  #state: ContainerRuntime | HookpointError = new HookpointError(
    'DOCKER_UNREACHABLE',
    'Docker has not been asked yet.',
    { remedy: 'Try again in a moment.' },
  );

  constructor(home: Home, changes: Changes, { times = usualTimes, after = Promise.resolve() }: LinkOptions = {}) {
    this.#home = home;
    this.#changes = changes;
    this.#times = times;
    this.#running = this.#keep(after);
  }

  /** The runtime, or why the engine is out of reach; waits until it was tried for the first time. */
  async state(): Promise<ContainerRuntime | HookpointError> {
    await this.#firstTry.promise;
    return this.#state;
  }

  /** The runtime; throws why there is none: DOCKER_UNREACHABLE, DOCKER_DENIED, DOCKER_FAILED. */
  async require(): Promise<ContainerRuntime> {
    const state = await this.state();
    if (state instanceof HookpointError) throw state;
    return state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    this.#firstTry.resolve();
  }

  async #keep(after: Promise<unknown>): Promise<void> {
    const { signal } = this.#end;
    await Promise.race([after, delay(this.#times.retry, undefined, { signal }).catch(() => undefined)]);
    const { connectDocker } = await import('../runtime/docker/connect.ts');
    while (!signal.aborted) {
      try {
        const runtime = await connectDocker({ signal, stateFolder: this.#home.folder });
        try {
          await this.#follow(runtime);
        } catch (error) {
          this.#become(asHookpointError(error));
        } finally {
          await runtime[Symbol.asyncDispose]();
        }
      } catch (error) {
        this.#become(asHookpointError(error));
      }
      await delay(this.#times.retry, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }

  /**
   * Holds a stream of events open until the end: that it breaks off is how a stopped engine is noticed. One that hangs keeps it open, and gives no
   * answers.
   */
  async #follow(runtime: ContainerRuntime): Promise<void> {
    const silent = new AbortController();
    const over = new AbortController();
    const signal = AbortSignal.any([this.#end.signal, silent.signal]);
    const listening = this.#listen(runtime, AbortSignal.any([signal, over.signal])).catch((error: unknown) =>
      silent.abort(error),
    );
    try {
      const events = await runtime.events({ [labels.home]: this.#home.hash }, signal);
      this.#become(runtime);
      for await (const _ of events) this.#changes.fire();
      silent.signal.throwIfAborted();
    } catch (error) {
      throw silent.signal.aborted ? silent.signal.reason : error;
    } finally {
      over.abort();
      await listening;
    }
  }

  /** Asks now and then whether the engine answers, and fails when it does not. Nobody there, nobody to tell: then it is left alone. */
  async #listen(runtime: ContainerRuntime, signal: AbortSignal): Promise<void> {
    for (;;) {
      await delay(this.#times.beat, undefined, { signal }).catch(() => undefined); // aborted: looked at next
      if (signal.aborted) return;
      if (this.#changes.followers === 0) continue;
      const limit = AbortSignal.timeout(this.#times.silence);
      try {
        await runtime.answers(AbortSignal.any([signal, limit]));
      } catch (error) {
        if (signal.aborted) return;
        throw limit.aborted ? hanging(runtime, this.#times.silence) : error;
      }
    }
  }

  #become(state: ContainerRuntime | HookpointError): void {
    if (this.#end.signal.aborted) return;
    this.#state = state;
    this.#firstTry.resolve();
    this.#changes.fire();
  }
}

const hanging = ({ description }: ContainerRuntime, silence: number): HookpointError =>
  new HookpointError('DOCKER_UNREACHABLE', `${description} hangs: no answer within ${silence / 1000} s.`, {
    remedy: 'Restart Docker, or free what the machine is out of; labs that run are found again as soon as it answers.',
  });
