/** A part of a guide that can be read by itself. */
export interface Piece {
  readonly kind: 'markdown' | 'plain';
  readonly text: string;
  /** Of its first line in the guide, 0-based. */
  readonly line: number;
}

/** Parts become about this long, in characters: what is prepared without a pause. */
const goodLength = 8 * 1024;
/** A passage in which no part can end is not read as Markdown when it is longer: nobody writes such a one by hand. */
const mostLength = 128 * 1024;

const fence = /^ {0,3}(`{3,}|~{3,})(.*)$/;
/** After an empty line nothing that stood before goes on into a line that begins so: no list, no quotation, no table. */
const beginsAnew = /^(?:[^\s\d>*+\-|:[<`~=_]|#{1,6}\s)/;

/** Cuts a guide where paragraphs end, so that a long one can be shown bit by bit. Together the pieces are the whole. */
export function splitGuide(text: string): readonly Piece[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const pieces: Piece[] = [];
  let from = 0;
  let length = 0;
  let open: string | null = null;
  const end = (line: number) => {
    if (line > from) pieces.push(...asPieces(lines.slice(from, line), from));
    from = line;
    length = 0;
  };
  for (const [index, line] of lines.entries()) {
    const canEnd = open === null && index > 0 && lines[index - 1]?.trim() === '' && beginsAnew.test(line);
    if (canEnd && length >= goodLength) end(index);
    open = fenceAfter(open, line);
    length += line.length + 1;
  }
  end(lines.length);
  return pieces;
}

/** The mark of the fence that is open after a line. */
function fenceAfter(open: string | null, line: string): string | null {
  const [, mark, rest] = fence.exec(line) ?? [];
  if (mark === undefined || rest === undefined) return open;
  if (open === null) return mark[0] === '`' && rest.includes('`') ? null : mark;
  return mark.startsWith(open) && rest.trim() === '' ? null : open;
}

function asPieces(lines: readonly string[], line: number): Piece[] {
  const text = lines.join('\n');
  if (text.length <= mostLength) return [{ kind: 'markdown', text, line }];
  const parts = Math.ceil(text.length / mostLength);
  return Array.from({ length: parts }, (_, part) => ({
    kind: 'plain',
    text: text.slice(part * mostLength, (part + 1) * mostLength),
    line,
  }));
}
