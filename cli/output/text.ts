import { stripVTControlCharacters } from 'node:util';

const defaultColumns = 80;

/** How wide text may be: the terminal's width, but not wider than reads well. Where there is no terminal lines stay whole, for grep. */
export function textWidth(stream: NodeJS.WriteStream = process.stdout): number {
  return stream.isTTY ? Math.min(stream.columns || defaultColumns, 100) : Number.POSITIVE_INFINITY;
}

/** Text of others with what would move the cursor or change colours taken out; line ends and tabs stay. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** Breaks at spaces; every line begins with `indent`, the first with `first`. */
export function wrap(text: string, width: number, indent = '', first = indent): string {
  const lines: string[] = [];
  let prefix = first;
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && visibleLength(prefix) + visibleLength(longer) > width) {
        lines.push(prefix + line);
        prefix = indent;
        line = word;
      } else {
        line = longer;
      }
    }
    lines.push((prefix + line).trimEnd());
    prefix = indent;
  }
  return lines.join('\n');
}

/** Paragraphs of a text that was broken into lines somewhere else, each on one line. */
export function paragraphs(text: string): string {
  return text.trim().replace(/(\S)[ \t]*\n(?=\S)/g, '$1 ');
}

/** Columns on the screen, colours not counted. */
export function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}
