import { SvelteMap } from 'svelte/reactivity';
import type { Client } from '../../../engine/contract/contract.ts';
import type { Failure } from '../../../engine/contract/failures.ts';
import type { LabCard } from '../../../engine/contract/procedures/library.ts';
import { failureOf } from '../../client/failure.ts';
import { libraryText } from '../../strings/library.ts';
import { hostLogConsent } from '../../ui/host-log.svelte.ts';
import { place } from '../../ui/route.svelte.ts';
import { toasts } from '../../ui/toasts.svelte.ts';

/** One lab on its way: what is being done, or why it could not be. */
export class LabStart {
  stage = $state('');
  detail = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);
  readonly seed: number | undefined;
  readonly began = Date.now();
  readonly #left = new AbortController();

  constructor(seed: number | undefined) {
    this.seed = seed;
  }

  /** The session, or null where it was cancelled or failed. */
  async run(client: Client, lab: string, hostLog: boolean): Promise<string | null> {
    const { signal } = this.#left;
    try {
      const events = await client.sessions.start(
        { lab, hostLog, ...(this.seed === undefined ? {} : { seed: this.seed }) },
        { signal },
      );
      for await (const event of events) {
        if (event.kind === 'started') {
          if (event.hostLogFailure) toasts.say(libraryText.noLogLines(event.hostLogFailure.message), 'bad');
          return event.session;
        }
        this.stage = event.stage;
        this.detail = event.detail ?? null;
      }
    } catch (thrown) {
      if (!signal.aborted) this.failure = failureOf(thrown);
    }
    return null;
  }

  get cancelled(): boolean {
    return this.#left.signal.aborted;
  }

  cancel(): void {
    this.#left.abort();
  }
}

/** Starts that are under way go on while another screen is looked at: an image takes a minute or two to build. */
class LabStarts {
  readonly #starts = new SvelteMap<string, LabStart>();

  of({ pack, id }: Pick<LabCard, 'pack' | 'id'>): LabStart | null {
    return this.#starts.get(`${pack}/${id}`) ?? null;
  }

  /** Asks what has to be asked, starts, and goes to the lab if the library is still what is looked at. */
  async begin(client: Client, lab: LabCard, seed?: number): Promise<void> {
    const key = `${lab.pack}/${lab.id}`;
    if (this.#starts.has(key) && !this.#starts.get(key)?.failure) return;
    const hostLog = await hostLogConsent.ask(client, lab.needs).catch((thrown: unknown) => failureOf(thrown));
    if (hostLog === null) return;
    const start = new LabStart(seed);
    this.#starts.set(key, start);
    if (typeof hostLog !== 'boolean') {
      start.failure = hostLog;
      return;
    }
    const session = await start.run(client, key, hostLog);
    if (start.failure) return;
    if (this.#starts.get(key) === start) this.#starts.delete(key);
    if (session === null) toasts.say(libraryText.cancelled);
    else if (place.route.screen === 'library') place.go({ screen: 'lab', session });
    else toasts.say(libraryText.isRunning(lab.title), 'good');
  }

  dismiss({ pack, id }: Pick<LabCard, 'pack' | 'id'>): void {
    this.#starts.delete(`${pack}/${id}`);
  }
}

export const labStarts = new LabStarts();
