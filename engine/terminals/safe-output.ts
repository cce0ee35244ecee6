/** Final characters of CSI sequences that move the cursor, draw, erase or colour (ECMA-48; ctlseqs of xterm). */
const drawing = /[@A-HJ-MPSTXZ`adefmrsu]$/;

/** Private modes that a full-screen program needs and `afresh` takes back: wrapping, the cursor, the second screen. */
const mode = /^\x1b\[\?(?:7|25|47|1047|1049)[hl]$/;

/** A whole sequence, or a string sequence (a title, the clipboard, a query) with its end. */
const sequence =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Za-z]|[ -/]+[0-~]|[0-Z\\`-~])/g;

/** A sequence that may go on in the next piece. */
const unfinished = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[()]|[ -/]*)?$/;

const longestUnfinished = 4096;

/** Undoes what a recording that breaks off has left: the second screen, a scroll region, line drawing, colours, a hidden cursor. */
export const screenAfresh = '\x1b[?1049l\x1b[?7h\x1b[r\x1b(B\x1b[?25h\x1b[0m\r\n';

/**
 * Lets through of somebody's recording what draws, and nothing that asks the terminal for an answer, sets its title or clipboard, or changes how it
 * takes keys.
 */
export class SafeOutput {
  #rest = '';

  show(data: string): string {
    let text = this.#rest + data;
    this.#rest = unfinished.exec(text)?.[0] ?? '';
    text = text.slice(0, text.length - this.#rest.length);
    if (this.#rest.length > longestUnfinished) this.#rest = '';
    return text
      .replace(sequence, (one) => (isDrawing(one) ? one.replace('\x1b', '\0') : ''))
      .replace(/[\x01-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, '')
      .replaceAll('\0', '\x1b');
  }
}

function isDrawing(sequence: string): boolean {
  if (sequence.startsWith('\x1b[')) return sequence.includes('?') ? mode.test(sequence) : drawing.test(sequence);
  return /^\x1b(?:[78DEM]|[()][0B])$/.test(sequence);
}
