import { getContext, setContext } from 'svelte';
import type { Client } from '../../engine/contract/contract.ts';
import type { EngineLink } from '../client/engine-link.svelte.ts';

/** What windows remember of a user (sizes of panes, the theme, how far a guide was read), kept by the engine. */
export class Preferences {
  /** They have been read: what `get` says is what was kept. */
  ready = $state(false);
  readonly #link: EngineLink;
  #values: Record<string, string> = {};

  constructor(link: EngineLink) {
    this.#link = link;
  }

  /** Reads what was kept, once. */
  async load(client: Client): Promise<void> {
    if (this.ready) return;
    this.#values = await client.preferences.read();
    this.ready = true;
  }

  /** What was kept under a name (lower case, digits, `.`, `-`, `/`), or `fallback` where that is nothing or of another kind. */
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

  forget(name: string): void {
    if (!(name in this.#values)) return;
    delete this.#values[name];
    void this.#link.client?.preferences.change({ name, value: null }).catch(() => undefined);
  }

  set(name: string, value: unknown): void {
    const text = JSON.stringify(value);
    if (this.#values[name] === text) return;
    this.#values[name] = text;
    // While the line is cut it is lost to other windows, and that is no harm: it is said again at the next change.
    void this.#link.client?.preferences.change({ name, value: text }).catch(() => undefined);
  }
}

const key = Symbol('preferences');

export function providePreferences(preferences: Preferences): void {
  setContext(key, preferences);
}

/** The user's preferences; to be called while a component is made. */
export function usePreferences(): Preferences {
  return getContext<Preferences>(key);
}
