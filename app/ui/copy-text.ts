import { uiText } from '../strings/ui.ts';
import { toasts } from './toasts.svelte.ts';

/** Puts text into the clipboard and says `done`; a browser may refuse. */
export async function copyText(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.say(done);
  } catch {
    toasts.say(uiText.clipboardRefused, 'bad');
  }
}
