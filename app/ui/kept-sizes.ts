/** So long after the last movement by keys sizes count as chosen, in milliseconds. */
const restAfter = 300;

/** Keeps the sizes of panes once they rest: at the end of a drag, and a moment after the last key. */
export class KeptSizes<Sizes> {
  readonly #keep: (sizes: Sizes) => void;
  #moved: { readonly sizes: Sizes } | null = null;
  #dragged = false;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(keep: (sizes: Sizes) => void) {
    this.#keep = keep;
  }

  move(sizes: Sizes): void {
    this.#moved = { sizes };
    clearTimeout(this.#resting);
    if (!this.#dragged) this.#resting = setTimeout(() => this.settle(), restAfter);
  }

  /** A drag begins or ends. */
  drag(on: boolean): void {
    this.#dragged = on;
    if (!on) this.settle();
  }

  /** Keeps what was moved last, if that was not yet done. */
  settle(): void {
    clearTimeout(this.#resting);
    const moved = this.#moved;
    this.#moved = null;
    if (moved) this.#keep(moved.sizes);
  }
}
