import { stripVTControlCharacters } from 'node:util';
import type { TerminalEvent } from '../../engine/contract/procedures/terminals.ts';

interface WindowOptions {
  /** Tells the terminal what was shown, as a window does at once; left out, it shows nothing. */
  readonly acknowledge?: (attachment: string, characters: number) => unknown;
}

/** What a window sees of a terminal, without drawing it. */
export interface TerminalWindow extends AsyncDisposable {
  readonly attachment: string;
  /** Everything since the screen came, the screen included; without escape sequences and carriage returns. */
  readonly text: string;
  /** Characters of output that have come. */
  readonly received: number;
  readonly events: readonly TerminalEvent[];
  /** Resolves with the text once it matches; looks at each event that comes. */
  shows(pattern: RegExp): Promise<string>;
  /** Resolves once so many characters of output have come in all. */
  receives(characters: number): Promise<unknown>;
  /** Forgets the text so far. */
  wipe(): void;
  has(kind: TerminalEvent['kind']): Promise<TerminalEvent>;
}

const patience = 20_000;

/** Attaches; back once the screen has come. `leave` ends the stream. */
export async function openTerminalWindow(
  stream: AsyncIterable<TerminalEvent>,
  leave: () => void,
  { acknowledge }: WindowOptions = {},
): Promise<TerminalWindow> {
  const events: TerminalEvent[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  let received = 0;
  let attachment = '';
  const following = (async () => {
    for await (const event of stream) {
      if (event.kind !== 'output') events.push(event);
      if (event.kind === 'attached') {
        attachment = event.attachment;
        text += event.screen;
      } else if (event.kind === 'output') {
        received += event.data.length;
        // What a flood leaves is not kept: a window has a scrollback, too.
        text = (text + event.data).slice(-100_000);
        acknowledge?.(attachment, event.data.length);
      }
      for (const look of waiting) look();
    }
  })();
  following.catch(() => undefined); // awaited when the window is left
  const until = <Found>(what: string, find: () => Found | null | undefined): Promise<Found> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what} in:\n${plainText(text).slice(-2000)}`)), patience);
      const look = () => {
        const found = find();
        if (found === null || found === undefined) return;
        waiting.delete(look);
        clearTimeout(timer);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  await until('screen', () => (attachment === '' ? null : attachment));
  return {
    attachment,
    events,
    get text() {
      return plainText(text);
    },
    get received() {
      return received;
    },
    shows: (pattern) =>
      until(String(pattern), () => {
        const plain = plainText(text);
        return pattern.test(plain) ? plain : null;
      }),
    receives: (characters) => until(`${characters} characters`, () => (received >= characters ? received : null)),
    wipe() {
      text = '';
    },
    has: (kind) => until(kind, () => events.find((event) => event.kind === kind)),
    async [Symbol.asyncDispose]() {
      leave();
      await following.catch(() => undefined); // who left does not hear of it
    },
  };
}

const plainText = (text: string): string => stripVTControlCharacters(text).replaceAll('\r', '');
