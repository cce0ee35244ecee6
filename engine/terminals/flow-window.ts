/**
 * A window with more characters than this that it has not shown yet is behind: its program waits. A page that draws without a graphics card
 * shows 100,000 characters of short lines, which is what VS Code lets out, in 50 ms: half of the time that Ctrl-C has.
 */
export const highWater = 16_000;

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
