/**
 * The words of a rule's line, as iptables-restore(8) splits them and as iptables-save(8) quotes them.
 *
 * Reading follows add_param_to_argv() of iptables/xshared.c: outside quotes only blanks end a word and a backslash is a character
 * like any other; inside quotes a backslash takes the next character as it is; a closing quote ends the word.
 */

const space = 32;
const tab = 9;
const quote = 34;
const backslash = 92;

export interface Words {
  readonly words: string[];
  /** Index in `line` where each word begins. */
  readonly starts: number[];
  /** Index of a quote that is never closed, -1 when all are. */
  readonly unclosed: number;
}

/** Splits `line` from index `start`. Linear in the line's length; never throws. */
export function splitWords(line: string, start = 0): Words {
  const words: string[] = [];
  const starts: number[] = [];
  const end = line.length;
  let at = start;
  while (at < end) {
    const code = line.charCodeAt(at);
    if (code === space || code === tab) {
      at++;
      continue;
    }
    const begin = at;
    while (at < end) {
      const next = line.charCodeAt(at);
      if (next === space || next === tab || next === quote) break;
      at++;
    }
    starts.push(begin);
    if (line.charCodeAt(at) !== quote) {
      words.push(line.slice(begin, at));
      continue;
    }
    const quoted = readQuoted(line, at);
    if (quoted === null) {
      words.push(line.slice(begin));
      return { words, starts, unclosed: at };
    }
    words.push(line.slice(begin, at) + quoted.text);
    at = quoted.end;
  }
  return { words, starts, unclosed: -1 };
}

/** The text of the quoted part that opens at `open`, and the index after its closing quote; null when it never closes. */
function readQuoted(line: string, open: number): { text: string; end: number } | null {
  const parts: string[] = [];
  let from = open + 1;
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === quote) {
      parts.push(line.slice(from, at));
      return { text: parts.join(''), end: at + 1 };
    }
    if (code === backslash) {
      parts.push(line.slice(from, at));
      from = at + 1;
      at++;
    }
  }
  return null;
}

/** Options whose value iptables-save writes with xtables_save_string(). */
const savedStrings: ReadonlySet<string> = new Set([
  '--comment',
  '--log-prefix',
  '--nflog-prefix',
  '--ulog-prefix',
  '--helper',
  '--nfacct-name',
  '--selctx',
  '--path',
  '--led-trigger-id',
]);
/** Options whose value libxt_string and libxt_u32 always write in quotes, the single quote left alone. */
const alwaysQuoted: ReadonlySet<string> = new Set(['--string', '--hex-string', '--u32']);

/** The words as one text, each quoted as iptables-save would. */
export function quoteWords(words: readonly string[]): string {
  let text = '';
  let before = '';
  for (const word of words) {
    if (text !== '') text += ' ';
    text += quoteWord(word, before);
    before = word;
  }
  return text;
}

function quoteWord(word: string, option: string): string {
  if (option.startsWith('--')) {
    if (alwaysQuoted.has(option)) return `"${escapeWord(word, false)}"`;
    if (savedStrings.has(option)) return isPlain(word) ? word : `"${escapeWord(word, true)}"`;
  }
  return needsQuotes(word) ? `"${escapeWord(word, true)}"` : word;
}

/** Letters, digits, `_` and `-` only: what xtables_save_string() leaves without quotes. */
function isPlain(word: string): boolean {
  if (word === '') return false;
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    const letter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
    if (!letter && !(code >= 48 && code <= 57) && code !== 45 && code !== 95) return false;
  }
  return true;
}

function needsQuotes(word: string): boolean {
  if (word === '') return true;
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    if (code === space || code === tab || code === quote) return true;
  }
  return false;
}

function escapeWord(word: string, single: boolean): string {
  if (!word.includes('"') && !word.includes('\\') && !word.includes("'")) return word;
  return word.replace(single ? /["\\']/g : /["\\]/g, '\\$&');
}
