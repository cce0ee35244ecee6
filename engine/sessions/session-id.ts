import { randomInt } from 'node:crypto';
import { HookpointError } from '../contract/error.ts';

/** No vowels and nothing that is read as something else (0 and o, 1 and l): ids are read aloud in classrooms. */
const letters = '23456789bcdfghjkmnpqrstvwxz';

/** A readable id such as `redirect-7k2f`, not among those taken. */
export function newSessionId(lab: string, taken: (id: string) => boolean): string {
  for (let length = 4; ; length += 1) {
    const tail = Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
    const id = `${lab}-${tail}`;
    if (!taken(id)) return id;
  }
}

/**
 * The one id that `text` means: itself, or the only id that begins with it, or whose last part does (`7k2f`).
 * NOT_FOUND names what there is.
 */
export function matchId(text: string, ids: readonly string[]): string {
  const exact = ids.find((id) => id === text);
  if (exact) return exact;
  const matches = ids.filter((id) => id.startsWith(text) || id.slice(id.lastIndexOf('-') + 1).startsWith(text));
  const [only, ...more] = matches;
  if (text !== '' && only && more.length === 0) return only;
  if (matches.length > 1 && text !== '') {
    throw new HookpointError('NOT_FOUND', `"${text}" begins more than one session: ${matches.join(', ')}.`, {
      remedy: 'Type more of the id.',
    });
  }
  throw new HookpointError('NOT_FOUND', `There is no session "${text}".`, {
    remedy: ids.length > 0 ? `Sessions here: ${ids.join(', ')}.` : 'Start one with `hookpoint start PACK/LAB`.',
  });
}
