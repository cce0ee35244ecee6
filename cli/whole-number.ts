import { InvalidArgumentError } from 'commander';

/** The value of an option that takes a number which people can type. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number of at most nine digits.');
  return Number(text);
}
