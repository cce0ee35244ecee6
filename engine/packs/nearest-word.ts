/** The known word that somebody meant, where it is off by a letter or two; null where none is near. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const most = word.length < 5 ? 1 : 2;
  const near = known.map((one) => ({ one, away: distance(word, one) })).filter(({ away }) => away <= most);
  near.sort((a, b) => a.away - b.away);
  return near[0]?.one ?? null;
}

/** Letters to insert, leave out, replace or swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, at(row - 2, column - 2) + 1);
      rows[row]?.push(least);
    }
  }
  return at(a.length, b.length);
}
