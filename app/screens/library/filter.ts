import type { LabCard, Library } from '../../../engine/contract/procedures/library.ts';

export type Level = LabCard['level'] | 'all';
export type Shelf = Library['packs'][number];

/** The labs that have all of the words in what stands on their card, at a level; packs without any are left out. */
export function filterShelves(shelves: readonly Shelf[], text: string, level: Level): readonly Shelf[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return shelves
    .map((shelf) => ({ ...shelf, labs: shelf.labs.filter((lab) => fits(lab, shelf, words, level)) }))
    .filter(({ labs }) => labs.length > 0);
}

function fits(lab: LabCard, shelf: Shelf, words: readonly string[], level: Level): boolean {
  if (level !== 'all' && lab.level !== level) return false;
  const card = [lab.title, lab.summary, `${lab.pack}/${lab.id}`, shelf.title, ...lab.nodes].join(' ').toLowerCase();
  return words.every((word) => card.includes(word));
}

/** The lab to go on with: one that was begun, else the first whose labs before it are passed. */
export function nextLab({ labs }: Shelf): LabCard | null {
  const passed = new Set(labs.filter(({ progress }) => progress.state === 'passed').map(({ id }) => id));
  const open = labs.filter(({ id }) => !passed.has(id));
  return (
    open.find(({ progress }) => progress.state === 'started') ??
    open.find(({ after }) => after.every((id) => passed.has(id))) ??
    null
  );
}
