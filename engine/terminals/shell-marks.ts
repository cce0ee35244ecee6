/**
 * What a node's shell says of itself in its output, between what it prints (images/lab-node/programs/shell-marks.sh): OSC 633 as VS Code
 * defines it, and of OSC 133 (FinalTerm's, which other shells print) the same letters.
 */
export type ShellMark =
  | { readonly kind: 'prompt' }
  | { readonly kind: 'input' }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'executed' }
  | { readonly kind: 'finished'; readonly exitCode: number | null }
  | { readonly kind: 'property'; readonly name: string; readonly value: string };

/** Characters of one mark. A command of 4,096 characters that are all escaped takes four times as many. */
const longest = 20_000;

const openings = ['\x1b]633;', '\x1b]133;'] as const;
const length = openings[0].length;

/** What ends an OSC: BEL or ESC \. Another escape sequence, CAN and SUB break it off (ECMA-48, xterm's ctlseqs). */
const ends = /[\x07\x18\x1a\x1b]/;

/**
 * Takes the marks out of a terminal's output, chunk by chunk: a mark that is split between chunks is one, and one that does not end costs no
 * more memory than the longest that is read. Whatever else is printed passes as it is.
 */
export class ShellMarkReader {
  readonly #onMark: (mark: ShellMark) => void;
  /** What may be the beginning of a mark, or is one. */
  #held = '';
  /** Inside a mark that is too long: what comes is dropped, as a terminal does, until it ends. */
  #dropping = false;

  constructor(onMark: (mark: ShellMark) => void) {
    this.#onMark = onMark;
  }

  /** The output without marks. */
  read(chunk: string): string {
    if (this.#held === '' && !this.#dropping && !chunk.includes('\x1b')) return chunk;
    let data = this.#held + chunk;
    this.#held = '';
    let shown = '';
    for (;;) {
      if (this.#dropping) {
        const end = data.search(ends);
        if (end < 0) return shown;
        data = data.slice(data[end] === '\x1b' ? end : end + 1);
        // The second half of ESC \.
        if (data === '\x1b') {
          this.#held = data;
          return shown;
        }
        if (data.startsWith('\x1b\\')) data = data.slice(2);
        this.#dropping = false;
      }
      const begin = beginOf(data);
      if (begin < 0) return shown + data;
      shown += data.slice(0, begin);
      data = data.slice(begin);
      const end = endOf(data);
      if (end === null) {
        this.#hold(data);
        return shown;
      }
      if (end.whole) this.#tell(data.slice(length, end.body), data.slice(2, length - 1));
      data = data.slice(end.next);
    }
  }

  /** What was held back and is no mark, once nothing more comes. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return this.#dropping || rest.length >= length ? '' : rest;
  }

  #hold(data: string): void {
    if (data.length <= longest) this.#held = data;
    else this.#dropping = true;
  }

  #tell(body: string, system: string): void {
    const mark = markOf(body, system);
    if (mark) this.#onMark(mark);
  }
}

/** Where a mark begins, or what may become one at the end of the data. */
function beginOf(data: string): number {
  for (let at = data.indexOf('\x1b'); at >= 0; at = data.indexOf('\x1b', at + 1)) {
    const head = data.slice(at, at + length);
    if (openings.some((opening) => opening.startsWith(head))) return at;
  }
  return -1;
}

/** null while it has none. */
function endOf(data: string): { readonly body: number; readonly next: number; readonly whole: boolean } | null {
  if (data.length < length) return null;
  const found = data.slice(length).search(ends);
  if (found < 0) return null;
  const body = length + found;
  if (data[body] === '\x07') return { body, next: body + 1, whole: true };
  if (data[body] !== '\x1b') return { body, next: body + 1, whole: false };
  if (body + 1 === data.length) return null;
  if (data[body + 1] === '\\') return { body, next: body + 2, whole: true };
  return { body, next: body, whole: false };
}

function markOf(body: string, system: string): ShellMark | null {
  const at = body.indexOf(';');
  const letter = at < 0 ? body : body.slice(0, at);
  const rest = at < 0 ? '' : body.slice(at + 1);
  if (letter === 'A') return { kind: 'prompt' };
  if (letter === 'B') return { kind: 'input' };
  if (letter === 'C') return { kind: 'executed' };
  if (letter === 'D') {
    const [status = ''] = rest.split(';', 1);
    return { kind: 'finished', exitCode: /^\d{1,3}$/.test(status) ? Number(status) : null };
  }
  if (system !== '633') return null;
  if (letter === 'E') return { kind: 'command', text: unescaped(rest.split(';', 1)[0] ?? '') };
  const property = letter === 'P' ? /^([^=]*)=(.*)$/s.exec(rest) : null;
  return property ? { kind: 'property', name: property[1] ?? '', value: unescaped(property[2] ?? '') } : null;
}

/** `\\` is a backslash, `\xHH` the character of that number. */
function unescaped(text: string): string {
  return text.replace(/\\(?:\\|x([0-9a-f]{2}))/gi, (_, hex: string | undefined) =>
    hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
