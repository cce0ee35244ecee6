import type { Client } from '../../../engine/contract/contract.ts';
import type { Failure } from '../../../engine/contract/failures.ts';
import { failureOf } from '../../client/failure.ts';
import { packsText } from '../../strings/packs.ts';
import { toasts } from '../../ui/toasts.svelte.ts';

/** The most that the engine takes, in bytes (engine/packs/limits.ts, archiveBytes): it would refuse the rest after it was sent. */
const most = 32 * 1024 * 1024;

/** Files that are installed one after another; what was refused is kept until it is dismissed. */
export class Installation {
  file = $state<string | null>(null);
  failures = $state.raw<readonly Failure[]>([]);

  async install(client: Client, files: readonly File[]): Promise<void> {
    this.failures = [];
    for (const file of files) {
      this.file = file.name;
      try {
        await this.#one(client, file);
      } catch (thrown) {
        this.failures = [...this.failures, failureOf(thrown)];
      }
    }
    this.file = null;
  }

  async #one(client: Client, file: File): Promise<void> {
    if (file.size > most) {
      this.#refuse(packsText.tooLarge(file.name, most / 1024 / 1024));
      return;
    }
    const bytes = await file.arrayBuffer().catch(() => null); // a folder, or a file that has gone
    if (!bytes) {
      this.#refuse(packsText.unreadable(file.name));
      return;
    }
    const { id, version, already } = await client.packs.install({ name: file.name, base64: base64Of(bytes) });
    toasts.say((already ? packsText.already : packsText.installed)(id, version), already ? 'info' : 'good');
  }

  #refuse(message: string): void {
    this.failures = [...this.failures, { code: 'BAD_INPUT', message, remedy: null, problems: [] }];
  }
}

/** btoa takes text of which every character is a byte; more than some thousand at once overflow the stack. */
function base64Of(bytes: ArrayBuffer): string {
  const step = 8192;
  const view = new Uint8Array(bytes);
  let text = '';
  for (let at = 0; at < view.length; at += step) text += String.fromCharCode(...view.subarray(at, at + step));
  return btoa(text);
}
