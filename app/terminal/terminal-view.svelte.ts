import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import type { Client } from '../../engine/contract/contract.ts';
import type { Failure } from '../../engine/contract/failures.ts';
import type { TerminalEnd, TerminalEvent, TerminalSize } from '../../engine/contract/procedures/terminals.ts';
import { failureOf, isCancelled } from '../client/failure.ts';
import { leaveAnswersToTheEngine } from './engine-answers.ts';
import { OrderedInput } from './ordered-input.ts';
import { currentFont, currentTheme, matchColours } from './xterm-theme.ts';

/** As many lines as the engine keeps. */
const scrollback = 5000;

/** What was shown is acknowledged in portions of this many characters; the engine's low mark must not be lower. */
const acknowledgeEvery = 5000;

/** A shell that has not said after this many milliseconds that it takes a paste is typed to as it is. */
const promptPatience = 3000;

/** To the end of the line, and away with what stands before it: a command that was begun is not part of the one that is run. Ctrl-Y brings it back. */
const clearLine = '\x05\x15';

export interface ViewOptions {
  readonly terminal: string;
  readonly node: string;
  readonly screenReader: boolean;
  /** A key that belongs to the window rather than to the shell; true where it was taken. */
  readonly onKey: (event: KeyboardEvent) => boolean;
  readonly onFocus: () => void;
}

/**
 * One terminal in this window: xterm.js, drawn into an element that wanders between panes, and its line to the engine. It lives as long as
 * its tab, seen or not.
 */
export class TerminalView {
  readonly terminal: string;
  readonly node: string;
  /** Why there is no shell; null while one runs. */
  ended = $state.raw<TerminalEnd | null>(null);
  /** Why the engine would not open it or take it up. */
  failure = $state.raw<Failure | null>(null);
  /** Its screen has come. */
  attached = $state(false);
  /** A shell was asked for, and has neither come nor been refused. */
  expected = $state(false);
  #refused = false;
  readonly search = new SearchAddon();
  readonly #xterm: Terminal;
  readonly #fit = new FitAddon();
  readonly #element = document.createElement('div');
  readonly #input: OrderedInput;
  #webgl: WebglAddon | null = null;
  readonly #gone = new AbortController();
  #client: Client | null = null;
  #attachment: string | null = null;
  #shown = 0;

  constructor({ terminal, node, screenReader, onKey, onFocus }: ViewOptions) {
    this.terminal = terminal;
    this.node = node;
    this.#input = new OrderedInput(async (data) => this.#client?.terminals.write({ terminal, data }));
    this.#xterm = new Terminal({
      ...currentFont(),
      theme: currentTheme(),
      allowProposedApi: true, // of the Unicode and the search addon
      scrollback,
      screenReaderMode: screenReader,
      minimumContrastRatio: 4.5,
      cursorBlink: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
      macOptionIsMeta: true,
      rightClickSelectsWord: true,
    });
    this.#xterm.loadAddon(this.#fit);
    this.#xterm.loadAddon(this.search);
    this.#xterm.loadAddon(new UnicodeGraphemesAddon());
    this.#xterm.loadAddon(new WebLinksAddon(openLink));
    this.#xterm.attachCustomKeyEventHandler((event) => !onKey(event));
    leaveAnswersToTheEngine(this.#xterm);
    this.#xterm.onData((data) => this.#input.type(data));
    this.#xterm.onResize((size) => this.#sayResize(size.cols, size.rows));
    this.#element.className = 'terminal-view';
    this.#element.addEventListener('focusin', onFocus);
  }

  get size(): TerminalSize {
    return { columns: this.#xterm.cols, rows: this.#xterm.rows };
  }

  /** The shell waits for a command: it takes pastes, and no full-screen program has the terminal. */
  get atPrompt(): boolean {
    return (
      !this.ended && this.#xterm.modes.bracketedPasteMode && this.#xterm.buffer.active === this.#xterm.buffer.normal
    );
  }

  /** Draws into a pane, for as long as it is there; what it gives back takes it out again. */
  show(pane: HTMLElement): () => void {
    pane.append(this.#element);
    if (!this.#xterm.element) this.#open();
    this.#useWebgl();
    const sizes = new ResizeObserver(() => this.fit());
    sizes.observe(pane);
    return () => {
      sizes.disconnect();
      // A page has few WebGL contexts: only what is seen holds one.
      this.#dropWebgl();
      this.#element.remove();
    };
  }

  #open(): void {
    this.#xterm.open(this.#element);
    const field = this.#xterm.textarea;
    // "Select all" of a menu means the field that takes the keys, which shows nothing; who asks for it means what he sees.
    field?.addEventListener('selectstart', (event) => {
      event.preventDefault();
      this.#xterm.selectAll();
    });
    // In an empty field no menu offers it. Without a selection xterm.js leaves the field empty under a right click.
    this.#element.addEventListener('contextmenu', () => {
      if (field?.value === '') field.value = ' ';
    });
  }

  /** As many columns and rows as the pane has room for. */
  fit(): void {
    if (!this.#element.isConnected) return;
    const size = this.#fit.proposeDimensions();
    if (size && size.cols >= 2 && size.rows >= 1) this.#xterm.resize(size.cols, size.rows);
  }

  focus(): void {
    this.#xterm.focus();
    // Another window may have had another size in the meantime.
    this.fit();
    this.#sayResize(this.#xterm.cols, this.#xterm.rows);
  }

  /** After the document's theme or the user's settings changed. */
  restyle(options: { readonly screenReader: boolean }): void {
    this.#xterm.options = { ...currentFont(), theme: currentTheme(), screenReaderMode: options.screenReader };
    this.fit();
  }

  clear(): void {
    this.#xterm.clear();
  }

  /** Goes to the next match of a text, upwards for `previous`, and marks all of them. */
  find(text: string, direction: 'next' | 'previous', incremental: boolean): void {
    const options = { incremental, decorations: matchColours() };
    if (direction === 'next') this.search.findNext(text, options);
    else this.search.findPrevious(text, options);
  }

  /** A shell was asked for: what is typed from now on is for it. */
  expect(): void {
    this.failure = null;
    this.#refused = false;
    if (this.#alive) return;
    this.expected = true;
    this.#input.hold();
  }

  /** The shell that was asked for does not come. */
  refuse(failure: Failure): void {
    this.failure = failure;
    this.#refused = true;
    this.expected = false;
    this.#input.close();
  }

  /** Types text as a paste and runs it. A shell that was just opened is waited for; false where there is none. */
  async run(code: string): Promise<boolean> {
    await this.#promptComes();
    if (this.#gone.signal.aborted || this.failure || this.ended) return false;
    this.#xterm.scrollToBottom();
    if (this.atPrompt) this.#input.type(clearLine);
    this.#xterm.paste(code.replace(/\n+$/, ''));
    this.#input.type('\r');
    return true;
  }

  /** Something follows the engine's terminal. */
  get followed(): boolean {
    return this.#client !== null;
  }

  /** This window asked for it, and the engine does not have it yet, or would not. */
  get wanted(): boolean {
    return this.expected || this.#refused;
  }

  get #alive(): boolean {
    return this.#attachment !== null && !this.ended;
  }

  /** Follows the engine's terminal until the signal is aborted; what the window has is replaced by what the engine kept. */
  async follow(client: Client, signal: AbortSignal): Promise<void> {
    this.#client = client;
    this.expect();
    try {
      const events = await client.terminals.attach({ terminal: this.terminal }, { signal });
      for await (const event of events) this.#take(event);
    } catch (thrown) {
      if (!signal.aborted && !isCancelled(thrown)) this.failure = failureOf(thrown);
    } finally {
      // A line that came after this one may have taken over by now.
      if (this.#client === client) {
        this.#client = null;
        this.#attachment = null;
        this.expected = false;
        this.#input.close();
      }
    }
  }

  [Symbol.dispose](): void {
    this.#gone.abort();
    this.#element.remove();
    this.#dropWebgl();
    this.#xterm.dispose();
  }

  #take(event: TerminalEvent): void {
    switch (event.kind) {
      case 'attached':
        this.#attachment = event.attachment;
        this.#shown = 0;
        this.#xterm.reset();
        this.#xterm.resize(event.columns, event.rows);
        this.#xterm.write(event.screen, () => this.fit());
        this.ended = event.ended;
        this.attached = true;
        if (!event.ended) this.#begun();
        return;
      case 'output':
        this.#xterm.write(event.data, () => this.#acknowledge(event.data.length));
        return;
      case 'resized':
        this.#xterm.resize(event.columns, event.rows);
        return;
      case 'ended': {
        const { cause, exitCode, reason } = event;
        this.#xterm.write('', () => {
          this.ended = { cause, exitCode, reason };
        });
        this.#input.close();
        return;
      }
      case 'begun':
        // After what ended before it, which waits for its last output to be drawn.
        this.#xterm.write('', () => {
          this.ended = null;
        });
        this.#begun();
    }
  }

  #begun(): void {
    this.expected = false;
    this.#input.open();
  }

  #acknowledge(characters: number): void {
    this.#shown += characters;
    if (this.#shown < acknowledgeEvery || this.#attachment === null) return;
    const { terminal } = this;
    const acknowledgement = { terminal, attachment: this.#attachment, characters: this.#shown };
    this.#shown = 0;
    void this.#client?.terminals.acknowledge(acknowledgement).catch(() => undefined); // the line was cut: a new attachment counts anew
  }

  #sayResize(columns: number, rows: number): void {
    if (this.#attachment === null) return;
    const { terminal } = this;
    const said = this.#client?.terminals.resize({ terminal, attachment: this.#attachment, columns, rows });
    void said?.catch(() => undefined); // the same
  }

  #useWebgl(): void {
    if (!drawsWithHardware()) return;
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => this.#dropWebgl());
      this.#xterm.loadAddon(webgl);
      this.#webgl = webgl;
    } catch {
      // xterm.js goes on drawing with elements of the page: slower, and the same to look at.
    }
  }

  #dropWebgl(): void {
    this.#webgl?.dispose();
    this.#webgl = null;
  }

  #promptComes(): Promise<void> {
    if (this.failure || this.atPrompt || (this.attached && !this.ended && this.#xterm.buffer.active.cursorY > 0))
      return Promise.resolve();
    const { signal } = this.#gone;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        parsed.dispose();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const parsed = this.#xterm.onWriteParsed(() => this.atPrompt && done());
      const timer = setTimeout(done, promptPatience);
      signal.addEventListener('abort', done);
    });
  }
}

/** Where WebGL is only imitated by the processor, drawing with elements of the page is faster. */
function drawsWithHardware(): boolean {
  const context = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (!context) return false;
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(names ? context.getParameter(names.UNMASKED_RENDERER_WEBGL) : '');
  // A page has few contexts: this one is not left to the garbage collector.
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return !/swiftshader|llvmpipe|software|microsoft basic render/i.test(renderer);
}

function openLink({ ctrlKey, metaKey }: MouseEvent, address: string): void {
  if (ctrlKey || metaKey) window.open(address, '_blank', 'noopener,noreferrer');
}
