import { setTimeout as delay } from 'node:timers/promises';
import { asHookpointError, HookpointError } from '../contract/error.ts';
import type { ContainerRuntime } from '../runtime/container.ts';
import { connectDocker } from '../runtime/docker/connect.ts';
import type { Home } from '../sessions/home.ts';
import { labels } from '../sessions/labels.ts';
import type { Changes } from './changes.ts';

/** Between two tries to reach an engine that did not answer, in milliseconds. */
const retryAfter = 1000;

/** The connection to the engine that runs containers, taken up again whenever it is lost. */
export class DockerLink implements AsyncDisposable {
  readonly #home: Home;
  readonly #changes: Changes;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  readonly #firstTry = Promise.withResolvers<void>();
  #state: ContainerRuntime | HookpointError = new HookpointError(
    'DOCKER_UNREACHABLE',
    'Docker has not been asked yet.',
  );

  constructor(home: Home, changes: Changes) {
    this.#home = home;
    this.#changes = changes;
    this.#running = this.#keep();
  }

  /** Resolves once the engine was reached or found out of reach for the first time. */
  get tried(): Promise<void> {
    return this.#firstTry.promise;
  }

  /** Null while it is out of reach. */
  get runtime(): ContainerRuntime | null {
    return this.#state instanceof HookpointError ? null : this.#state;
  }

  /** Why it is out of reach. */
  get failure(): HookpointError | null {
    return this.#state instanceof HookpointError ? this.#state : null;
  }

  /** The runtime; throws why there is none. */
  require(): ContainerRuntime {
    if (this.#state instanceof HookpointError) throw this.#state;
    return this.#state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
    await this.runtime?.[Symbol.asyncDispose]();
  }

  /** Holds a stream of events open: that it ends is how a stopped engine is noticed. */
  async #keep(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        const runtime = await connectDocker({ signal, stateFolder: this.#home.folder });
        const events = await runtime.events({ [labels.home]: this.#home.hash }, signal);
        this.#become(runtime);
        for await (const _ of events) this.#changes.fire();
      } catch (error) {
        if (signal.aborted) break;
        this.#become(asHookpointError(error));
        await delay(retryAfter, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  #become(state: ContainerRuntime | HookpointError): void {
    this.#state = state;
    this.#firstTry.resolve();
    this.#changes.fire();
  }
}
