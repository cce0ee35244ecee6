import { getContext, setContext } from 'svelte';
import type { EngineLink } from './engine-link.svelte.ts';

const key = Symbol('engine link');

export function provideLink(link: EngineLink): void {
  setContext(key, link);
}

/** The window's line to the engine; to be called while a component is made. */
export function useLink(): EngineLink {
  return getContext<EngineLink>(key);
}
