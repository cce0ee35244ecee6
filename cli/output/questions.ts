import type { LabInstance } from '../../engine/packs/index.ts';
import type { Colours } from './colour.ts';
import { plain, wrap } from './text.ts';

type Question = LabInstance['questions'][number];

/** `  id: what is asked (one of a, b)`, wrapped. */
export function questionText({ id, ask, choices }: Question, colours: Colours, width: number): string {
  return wrap(plain(`${ask}${choicesText(choices)}`), width, '    ', `  ${colours.bold(id)}: `);
}

/** Where a question has choices, an answer is one of them. */
export function choicesText(choices: Question['choices']): string {
  return choices ? ` (one of ${choices.join(', ')})` : '';
}
