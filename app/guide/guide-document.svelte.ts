import { GuideRenderer, type Heading, type RenderedPiece } from './markdown.ts';
import { type Piece, splitGuide } from './split-guide.ts';

/** A guide up to this long is there at once, in characters; the rest of a longer one comes while the window has nothing else to do. */
const atOnce = 24 * 1024;

/** A guide's text becoming pieces that can be shown, the first at once and the others bit by bit. */
export class GuideDocument {
  pieces = $state.raw<readonly RenderedPiece[]>([]);
  total = $state(0);
  readonly headings = $derived<readonly Heading[]>(this.pieces.flatMap(({ headings }) => headings));
  readonly complete = $derived(this.pieces.length === this.total);
  /** Lines at which the pieces begin, 0-based. */
  lines: readonly number[] = [];

  /** Begins anew with this text; ends when the signal is aborted. */
  read(text: string, signal: AbortSignal): void {
    const pieces = splitGuide(text);
    const renderer = new GuideRenderer('guide', pieces);
    const first = piecesWithin(pieces, atOnce);
    this.lines = pieces.map(({ line }) => line);
    this.total = pieces.length;
    this.pieces = pieces.slice(0, first).map((piece) => renderer.render(piece));
    const next = () => {
      const piece = pieces[this.pieces.length];
      if (!piece || signal.aborted) return;
      this.pieces = [...this.pieces, renderer.render(piece)];
      whenIdle(next);
    };
    if (first < pieces.length) whenIdle(next);
  }
}

function piecesWithin(pieces: readonly Piece[], length: number): number {
  let sum = 0;
  for (const [index, { text }] of pieces.entries()) {
    sum += text.length;
    if (sum > length) return Math.max(1, index);
  }
  return pieces.length;
}

/** Also when the window is never idle, though late. */
const whenIdle = (run: () => void): void => void requestIdleCallback(run, { timeout: 200 });
