import { failureOf } from '../client/failure.ts';

/** A short notice about something that was done, or that went wrong away from where the eye is. */
export interface Toast {
  readonly id: number;
  readonly tone: 'info' | 'good' | 'bad';
  readonly text: string;
}

/** How long one that is no failure stays, in milliseconds; failures stay until they are dismissed. */
const shownFor = 6000;

class Toasts {
  list = $state.raw<readonly Toast[]>([]);
  #last = 0;

  say(text: string, tone: Toast['tone'] = 'info'): void {
    const id = ++this.#last;
    this.list = [...this.list.slice(-3), { id, tone, text }];
    if (tone !== 'bad') setTimeout(() => this.dismiss(id), shownFor);
  }

  /** Says why something could not be done, whatever was thrown. */
  sayFailure(thrown: unknown): void {
    const { message, remedy } = failureOf(thrown);
    this.say(`${message} ${remedy ?? ''}`, 'bad');
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

/** The window's notices; Frame.svelte shows them. */
export const toasts = new Toasts();
