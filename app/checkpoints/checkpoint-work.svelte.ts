import type { Client } from '../../engine/contract/contract.ts';
import type { Failure } from '../../engine/contract/failures.ts';
import type { Restored } from '../../engine/contract/procedures/checkpoints.ts';
import { LineCut } from '../client/connection.ts';
import type { EngineLink } from '../client/engine-link.svelte.ts';
import { failureOf } from '../client/failure.ts';
import { checkpointsText } from '../strings/checkpoints.ts';
import { toasts } from '../ui/toasts.svelte.ts';

/** What is done with a session's checkpoints, one thing at a time. */
export class CheckpointWork {
  /** What is under way, in words. */
  doing = $state<string | null>(null);
  /** Why the last thing could not be done. */
  failure = $state.raw<Failure | null>(null);
  readonly #link: EngineLink;
  readonly #session: string;

  constructor(link: EngineLink, session: string) {
    this.#link = link;
    this.#session = session;
  }

  /** True where it was saved. */
  async save(name: string): Promise<boolean> {
    const given = name === '' ? {} : { name };
    return await this.#do(checkpointsText.saving, async (client) => {
      const { checkpoint } = await client.checkpoints.save({ session: this.#session, ...given });
      return checkpointsText.saved(checkpoint.name);
    });
  }

  async restore(name: string): Promise<void> {
    await this.#do(checkpointsText.restoring(name), async (client) => {
      const restored = await client.checkpoints.restore({ session: this.#session, name });
      sayLeft(restored);
      return checkpointsText.restored(name, restored.before);
    });
  }

  /** One node, or all for null. */
  async reset(node: string | null, all: number): Promise<void> {
    await this.#do(checkpointsText.resetting, async (client) => {
      await client.checkpoints.reset({ session: this.#session, ...(node === null ? {} : { node }) });
      return checkpointsText.resetDone(node === null ? all : 1);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#do(null, async (client) => {
      await client.checkpoints.remove({ session: this.#session, name });
      return null;
    });
  }

  async #do(doing: string | null, act: (client: Client) => Promise<string | null>): Promise<boolean> {
    if (this.doing !== null) return false;
    this.doing = doing;
    this.failure = null;
    try {
      const { client } = this.#link;
      if (!client) throw new LineCut();
      const said = await act(client);
      if (said !== null) toasts.say(said, 'good');
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    } finally {
      this.doing = null;
    }
  }
}

function sayLeft({ left }: Restored): void {
  const things = Object.entries(left).map(([node, names]) => `${node}: ${names.join('; ')}`);
  if (things.length > 0) toasts.say(checkpointsText.left(things.join('. ')), 'bad');
}
