/**
 * A window with more characters than this that it has not shown yet is behind: its program waits. It is what a window shows in some
 * milliseconds, so that Ctrl-C is answered at once, and enough to keep the line full. VS Code's figures, found with much use.
 *
 * Source: microsoft/vscode, src/vs/platform/terminal/common/terminalProcess.ts (FlowControlConstants)
 */
export const highWater = 100_000;

/** With fewer than this it has caught up, and the program goes on. Not lower than the portions that windows acknowledge in. */
export const lowWater = 5_000;

/** How far one reader of a terminal is behind. */
export class FlowWindow {
  #unshown = 0;
  #behind = false;

  /** The program has to wait: from the high mark on, until the low one is reached. */
  get behind(): boolean {
    return this.#behind;
  }

  sent(characters: number): void {
    this.#unshown += characters;
    if (this.#unshown > highWater) this.#behind = true;
  }

  /** No more than what was sent, whatever a window says. */
  shown(characters: number): void {
    this.#unshown = Math.max(0, this.#unshown - characters);
    if (this.#unshown < lowWater) this.#behind = false;
  }
}
