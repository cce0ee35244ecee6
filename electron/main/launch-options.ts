import { placeOfLink } from './lab-link.ts';

export interface LaunchOptions {
  /** The address after --attach, as it was written. */
  readonly attach: string | null;
  /** The place in the app that a link asked for. */
  readonly place: string | null;
}

/**
 * What the words of a command line ask for. Electron and Chromium take switches of their own there and a file manager may add anything, so
 * what is not known is left alone.
 */
export function readLaunchOptions(words: readonly string[]): LaunchOptions {
  const at = words.findIndex((word) => word === '--attach' || word.startsWith('--attach='));
  const word = words[at];
  const attach = word === undefined ? null : word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
  const place = words.map(placeOfLink).find((found) => found !== null);
  return { attach: attach ?? null, place: place ?? null };
}
