import type { Client } from '../../engine/contract/contract.ts';
import { useLink } from '../client/context.ts';
import type { EngineLink } from '../client/engine-link.svelte.ts';

/** What windows remember of a user, kept by the engine. Read once; what changes is written in the background. */
export class Preferences {
  readonly #link: EngineLink;
  readonly #values: Readonly<Record<string, string>>;

  constructor(link: EngineLink, values: Readonly<Record<string, string>>) {
    this.#link = link;
    this.#values = values;
  }

  /** What was remembered under a name, or what `fallback` says; a text that is not of that kind counts as nothing. */
  get<Value>(name: string, fallback: Value, isValue: (value: unknown) => value is Value): Value {
    const text = this.#values[name];
    if (text === undefined) return fallback;
    try {
      const value: unknown = JSON.parse(text);
      return isValue(value) ? value : fallback;
    } catch {
      return fallback; // written by a version that kept something else there
    }
  }

  set(name: string, value: unknown): void {
    const text = JSON.stringify(value);
    // While the line is cut it is lost, and that is no harm: it is said again at the next change.
    void this.#link.client?.preferences.change({ name, value: text }).catch(() => undefined);
  }
}

export async function readPreferences(client: Client, link = useLink()): Promise<Preferences> {
  return new Preferences(link, await client.preferences.read());
}
