import type { TerminalEnd, TerminalEvent, TerminalSize, TerminalSummary } from '../contract/procedures/terminals.ts';
import { Attachment } from './attachment.ts';
import { FlowWindow } from './flow-window.ts';
import type { OpenPseudoTerminal, PseudoTerminal } from './pseudo-terminal.ts';
import { ScreenCopy } from './screen-copy.ts';

/** What a shell needs to begin, and how its end is explained. */
export interface ShellSource {
  readonly open: OpenPseudoTerminal;
  /** From its exit code, or what was thrown instead of one. */
  explainEnd(end: { readonly exitCode: number } | { readonly failure: unknown }): Promise<TerminalEnd>;
}

interface Place {
  readonly id: string;
  readonly session: string;
  readonly node: string;
}

/** Undoes what a program that ended in the midst of its work left: the second screen, mouse and paste modes, colours. */
const afresh = '\x1b[?1049l\x1b[?1000;1002;1003;1004;1006;2004l\x1b[!p\x1b[?25h\x1b[0m\r\n';

/**
 * One terminal: a shell, the copy of its screen, and the windows that show it. The shell waits while the copy or any window is behind, so
 * that nothing of a flood piles up here, and with no window it runs as fast as the copy can follow.
 */
export class Terminal implements AsyncDisposable {
  readonly place: Place;
  readonly #onChange: () => void;
  readonly #created = Date.now() / 1000;
  readonly #screen: ScreenCopy;
  readonly #copied = new FlowWindow();
  readonly #attachments = new Map<string, Attachment>();
  #size: TerminalSize;
  #shell: PseudoTerminal | null = null;
  #beginning: Promise<void> | null = null;
  #ended: TerminalEnd | null = null;
  #paused = false;
  #closed = false;

  constructor(place: Place, size: TerminalSize, onChange: () => void) {
    this.place = place;
    this.#size = size;
    this.#onChange = onChange;
    this.#screen = new ScreenCopy(size, (answer) => this.#shell?.write(answer));
  }

  get summary(): TerminalSummary {
    return { ...this.place, created: this.#created, ended: this.#ended };
  }

  get attached(): boolean {
    return this.#attachments.size > 0;
  }

  /** Makes sure that a shell runs: the first one, or one after another that ended. Whoever asks meanwhile waits for the same. */
  begin(source: ShellSource): Promise<void> {
    if (this.#shell) return Promise.resolve();
    this.#beginning ??= this.#begin(source).finally(() => {
      this.#beginning = null;
    });
    return this.#beginning;
  }

  /** What a window is told, from the screen so far on; until it leaves or the terminal is closed. */
  async *attach(signal: AbortSignal): AsyncGenerator<TerminalEvent, void> {
    const attachment = new Attachment();
    // What comes from now on waits for the window; the copy has all that came before.
    this.#attachments.set(attachment.id, attachment);
    try {
      const ended = this.#ended;
      yield { kind: 'attached', attachment: attachment.id, ended, ...(await this.#screen.read()) };
      yield* attachment.events(signal);
    } finally {
      this.#attachments.delete(attachment.id);
      this.#letFlow();
      this.#onChange();
    }
  }

  acknowledge(attachment: string, characters: number): void {
    this.#attachments.get(attachment)?.flow.shown(characters);
    this.#letFlow();
  }

  write(data: string): void {
    this.#shell?.write(data);
  }

  /** Of the window that asks; the others are told. */
  resize(attachment: string, { columns, rows }: TerminalSize): void {
    if (columns === this.#size.columns && rows === this.#size.rows) return;
    this.#size = { columns, rows };
    this.#screen.resize(this.#size);
    this.#shell?.resize(this.#size);
    for (const other of this.#attachments.values()) {
      if (other.id !== attachment) other.tell({ kind: 'resized', columns, rows });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const attachment of this.#attachments.values()) attachment.close();
    await this.#beginning?.catch(() => undefined); // who asked for it was told
    await this.#shell?.end();
    this.#screen[Symbol.dispose]();
  }

  async #begin({ open, explainEnd }: ShellSource): Promise<void> {
    if (this.#ended) this.#take(afresh);
    const shell = await open({ size: this.#size, onOutput: (data) => this.#take(data) });
    this.#shell = shell;
    this.#ended = null;
    this.#paused = false;
    this.#letFlow();
    this.#tell({ kind: 'begun' });
    this.#onChange();
    void shell.exited
      .then(
        (exitCode) => explainEnd({ exitCode }),
        (failure: unknown) => explainEnd({ failure }),
      )
      .then((end) => this.#end(end));
  }

  #end(end: TerminalEnd): void {
    this.#shell = null;
    this.#ended = end;
    this.#tell({ kind: 'ended', ...end });
    if (!this.#closed) this.#onChange();
  }

  #take(data: string): void {
    if (this.#closed) return;
    this.#copied.sent(data.length);
    this.#screen.write(data, () => {
      this.#copied.shown(data.length);
      this.#letFlow();
    });
    this.#tell({ kind: 'output', data });
    this.#letFlow();
  }

  #tell(event: TerminalEvent): void {
    for (const attachment of this.#attachments.values()) attachment.tell(event);
  }

  #letFlow(): void {
    const behind = this.#copied.behind || [...this.#attachments.values()].some(({ flow }) => flow.behind);
    if (behind === this.#paused) return;
    this.#paused = behind;
    if (behind) this.#shell?.pause();
    else this.#shell?.resume();
  }
}
