import { SerializeAddon } from '@xterm/addon-serialize';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import xterm from '@xterm/headless';
import type { TerminalSize } from '../contract/procedures/terminals.ts';

/** Lines above the screen that are kept, for a window that comes later or again. */
export const scrollback = 5000;

/** A screen as a window would show it, kept where no window is; it also answers what programs ask a terminal. */
export class ScreenCopy {
  readonly #terminal: xterm.Terminal;
  readonly #serialize = new SerializeAddon();

  constructor(size: TerminalSize, onAnswer: (data: string) => void) {
    this.#terminal = new xterm.Terminal({
      cols: size.columns,
      rows: size.rows,
      scrollback,
      allowProposedApi: true, // of the two addons
    });
    this.#terminal.loadAddon(this.#serialize);
    this.#terminal.loadAddon(new UnicodeGraphemesAddon()); // as wide as windows draw them
    this.#terminal.onData(onAnswer);
  }

  /** `done` once it stands on the screen. */
  write(data: string, done: () => void): void {
    this.#terminal.write(data, done);
  }

  /** After what was written before. */
  resize({ columns, rows }: TerminalSize): void {
    this.#terminal.write('', () => this.#terminal.resize(columns, rows));
  }

  /** Everything that was written until now as one text that draws it again, modes and all. */
  read(): Promise<{ readonly screen: string } & TerminalSize> {
    return new Promise((resolve) =>
      this.#terminal.write('', () => {
        const { cols: columns, rows } = this.#terminal;
        resolve({ screen: this.#serialize.serialize(), columns, rows });
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#terminal.dispose();
  }
}
