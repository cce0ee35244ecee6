import type { TerminalSize } from '../contract/procedures/terminals.ts';

/** A program on a terminal of its own. */
export interface PseudoTerminal {
  /** Keys, as the program is to read them. Nothing happens once it has ended. */
  write(data: string): void;
  resize(size: TerminalSize): void;
  /** No more output comes, but for what is in the stream's own buffer; the program waits as soon as its window is full. */
  pause(): void;
  resume(): void;
  /** The exit code, after the last of the output; rejects where the container or the engine that runs it went away. */
  readonly exited: Promise<number>;
  /** Hangs the program up, as a terminal does that is closed, and kills what does not care; done when it is gone. */
  end(): Promise<void>;
}

export interface PseudoTerminalOptions {
  readonly size: TerminalSize;
  /** Text, never half a character. */
  readonly onOutput: (data: string) => void;
}

export type OpenPseudoTerminal = (options: PseudoTerminalOptions) => Promise<PseudoTerminal>;
