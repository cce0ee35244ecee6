import { visibleLength } from './text.ts';

/** Rows in aligned columns, two spaces between; the last column is cut to the width where there is one. */
export function table(rows: readonly (readonly string[])[], options: { readonly width?: number } = {}): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell));
    });
  }
  return rows.map((row) => cut(alignRow(row, widths), row.at(-1)?.trimEnd() ?? '', options.width)).join('\n');
}

function alignRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - visibleLength(cell)),
    )
    .join('  ')
    .trimEnd();
}

/** Cuts the last cell. Only plain text is cut: a colour's end must not be lost. */
function cut(line: string, last: string, width: number | undefined): string {
  const excess = width === undefined ? 0 : visibleLength(line) - width;
  if (excess <= 0 || last === '' || visibleLength(last) !== last.length) return line;
  const kept = last.slice(0, Math.max(1, last.length - excess - 1)).trimEnd();
  return `${line.slice(0, line.length - last.length)}${kept}…`;
}
