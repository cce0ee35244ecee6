import type { ChangeWords } from '../../engine/contract/procedures/timeline.ts';
import type { Colours } from './colour.ts';
import { plain, wrap } from './text.ts';

/** Characters of a rule or a command that are shown: what is longer is cut, and whole in the JSON. */
const mostCharacters = 400;

/** One line, whatever is in it, and not too long. */
export function oneLine(text: string): string {
  const line = plain(text)
    .replace(/\s*\n\s*/g, ' ⏎ ')
    .replaceAll('\t', ' ');
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters)}…` : line;
}

/** A change in words, under it the rule and what it does. */
export function changeText(change: ChangeWords, indent: string, width: number, colours: Colours): string {
  const colour = { added: colours.green, removed: colours.red, changed: colours.yellow }[change.effect];
  const sign = { added: '+', removed: '-', changed: '~' }[change.effect];
  const below = `${indent}    `;
  const lines = [colour(wrap(oneLine(change.what), width, `${indent}  `, `${indent}${sign} `))];
  if (change.before !== null) lines.push(colours.dim(wrap(`was: ${oneLine(change.before)}`, width, below)));
  if (change.rule !== null) lines.push(wrap(oneLine(change.rule), width, below));
  if (change.meaning !== null) lines.push(colours.dim(wrap(oneLine(change.meaning), width, below)));
  return lines.join('\n');
}
