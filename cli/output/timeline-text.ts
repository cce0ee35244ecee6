import type { ChangeEntry, TimelineEntry, TypedCommand } from '../../engine/contract/procedures/timeline.ts';
import { changeText, oneLine } from './change-text.ts';
import { clock } from './clock.ts';
import type { Colours } from './colour.ts';
import { wrap } from './text.ts';

/** Everything that happened, as people read it: one paragraph an entry, what is said of it below its first line. */
export function timelineText(entries: readonly TimelineEntry[], width: number, colours: Colours): string {
  return entries.map((entry) => entryText(entry, width, colours)).join('\n');
}

const indent = '  ';
/** Changes of one entry that are listed. */
const mostListed = 6;

function entryText(entry: TimelineEntry, width: number, colours: Colours): string {
  const at = clock(entry.time);
  const line = (text: string) => wrap(`${at}  ${text}`, width, ' '.repeat(at.length + 2), '');
  switch (entry.kind) {
    case 'change':
      return changeEntryText(entry, width, colours);
    case 'command':
      return line(`${entry.command.node}  ${typed(entry.command, colours)}`);
    case 'turn': {
      const sign = {
        met: colours.green('✔ met'),
        unmet: colours.red('✘ not met any more'),
        unknown: colours.yellow('? unknown'),
      }[entry.to];
      return line(`${sign}  ${oneLine(entry.title)}${entry.exact ? '' : ' (or shortly before)'}`);
    }
    case 'answer':
      return line(`answered ${oneLine(entry.question)}: ${oneLine(entry.value)}`);
    case 'hint':
      return line(`opened hint ${entry.number}${entry.cost > 0 ? ` (${entry.cost} points)` : ''}`);
    case 'check':
      return line(`checked: ${entry.score} of ${entry.possible} points${entry.passed ? ', passed' : ''}`);
    case 'restart':
      return line(`${entry.node}  was restarted`);
    case 'gap':
      return line(
        colours.yellow(
          `${entry.node ?? 'all nodes'}  ${lost[entry.lost]} until ${clock(entry.until)}: ${oneLine(entry.reason)}`,
        ),
      );
  }
}

const lost = {
  states: 'changes were not recorded',
  flows: 'connections were not recorded',
  log: 'lines of the kernel log were not recorded',
} as const;

function changeEntryText(entry: ChangeEntry, width: number, colours: Colours): string {
  const { node, by, process, changes, total, steps, first, last } = entry;
  const at = clock(entry.time);
  const who = by === null ? (process === null ? '' : `by ${oneLine(process)}`) : typed(by.command, colours);
  const maybe =
    by !== null && !by.certain
      ? colours.dim(` (probably: ${oneLine(process ?? 'a program')} changed it meanwhile)`)
      : '';
  const numbers = colours.dim(first === last ? `#${last}` : `#${first}-${last}`);
  const head = wrap(`${at}  ${colours.bold(node)}  ${who}${maybe}  ${numbers}`, width, ' '.repeat(at.length + 2), '');
  const lines = [head];
  const listed = total > changes.length ? changes.slice(0, mostListed) : changes;
  const isMany = total > 1 || steps > 1;
  if (isMany) lines.push(wrap(oneLine(entry.summary), width, `${indent}  `, `${indent}`));
  const below = isMany ? `${indent}  ` : indent;
  lines.push(...listed.map((change) => changeText(change, below, width, colours)));
  if (total > changes.length)
    lines.push(colours.dim(`${below}and ${(total - changes.length).toLocaleString('en')} more`));
  return lines.join('\n');
}

function typed({ text, exitCode }: TypedCommand, colours: Colours): string {
  const command = text === null ? colours.dim('a command that the shell did not tell') : `$ ${oneLine(text)}`;
  return exitCode === null || exitCode === 0 ? command : `${command}  ${colours.red(`(exit ${exitCode})`)}`;
}
