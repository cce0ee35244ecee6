import type { Client } from '../../../engine/contract/contract.ts';
import type { Failure } from '../../../engine/contract/failures.ts';
import { LineCut } from '../../client/connection.ts';
import type { EngineLink } from '../../client/engine-link.svelte.ts';
import { failureOf } from '../../client/failure.ts';
import { labText } from '../../strings/lab.ts';
import { hostLogConsent } from '../../ui/host-log.svelte.ts';
import { toasts } from '../../ui/toasts.svelte.ts';

/** What is done to a session from its screen, one thing of a kind at a time. What came of it the screen hears from the engine's stream. */
export class LabWork {
  checking = $state(false);
  stopping = $state(false);
  /** The node that is being restarted. */
  restarting = $state<string | null>(null);
  /** What the start is at, while the session is resumed. */
  resuming = $state.raw<{ readonly stage: string; readonly detail: string | null } | null>(null);
  /** Why the last thing could not be done. */
  failure = $state.raw<Failure | null>(null);
  readonly #link: EngineLink;
  readonly #session: string;
  #leaving: AbortController | null = null;

  constructor(link: EngineLink, session: string) {
    this.#link = link;
    this.#session = session;
  }

  async check(): Promise<void> {
    if (this.checking) return;
    this.checking = true;
    await this.#try((client) => client.lab.check({ session: this.#session }));
    this.checking = false;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.#try((client) => client.sessions.stop({ session: this.#session }));
    this.stopping = false;
  }

  async restart(node: string): Promise<void> {
    this.restarting = node;
    const done = await this.#try((client) => client.sessions.restartNode({ session: this.#session, node }));
    if (done) toasts.say(labText.restarted(node), 'good');
    this.restarting = null;
  }

  /** Asks what has to be asked for what the lab needs, then starts the session afresh; ends early by `cancel`. */
  async resume(needs: readonly string[]): Promise<void> {
    if (this.resuming || hostLogConsent.asking) return;
    const leaving = new AbortController();
    this.#leaving = leaving;
    await this.#try(async (client) => {
      const hostLog = await hostLogConsent.ask(client, needs);
      if (hostLog === null) return;
      this.resuming = { stage: labText.resuming, detail: null };
      const request = { session: this.#session, hostLog };
      for await (const event of await client.sessions.resume(request, { signal: leaving.signal })) {
        if (event.kind === 'progress') this.resuming = { stage: event.stage, detail: event.detail ?? null };
        else if (event.hostLogFailure) toasts.say(labText.hostLogFailed(event.hostLogFailure.message), 'bad');
      }
    });
    this.resuming = null;
    this.#leaving = null;
  }

  cancel(): void {
    this.#leaving?.abort();
  }

  answer(question: string, value: string): Promise<void> {
    return this.#client().lab.answer({ session: this.#session, question, value });
  }

  async openHint(): Promise<void> {
    await this.#client().lab.openHint({ session: this.#session });
  }

  async image(path: string): Promise<string> {
    const { mediaType, base64 } = await this.#client().lab.image({ session: this.#session, path });
    return `data:${mediaType};base64,${base64}`;
  }

  async #try(act: (client: Client) => Promise<unknown>): Promise<boolean> {
    this.failure = null;
    try {
      await act(this.#client());
      return true;
    } catch (thrown) {
      if (!this.#leaving?.signal.aborted) this.failure = failureOf(thrown);
      return false;
    }
  }

  #client(): Client {
    const { client } = this.#link;
    if (!client) throw new LineCut();
    return client;
  }
}
