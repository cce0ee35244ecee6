/** `2 points`. */
export function pointsText(points: number): string {
  return points === 0 ? 'no points' : points === 1 ? '1 point' : `${points} points`;
}

/** How many hints there are and what they cost, before any is opened. */
export function hintsSentence(hints: readonly { readonly cost: number }[]): string {
  const free = hints.filter(({ cost }) => cost === 0).length;
  const count = hints.length === 1 ? 'There is 1 hint' : `There are ${hints.length} hints`;
  if (free === hints.length) return `${count}, at no cost.`;
  const costs = hints.map(({ cost }) => cost).join(', ');
  return hints.length === 1
    ? `${count}; it costs ${pointsText(hints[0]?.cost ?? 0)}.`
    : `${count}; in their order they cost ${costs} points.`;
}
