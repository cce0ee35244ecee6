import { InvalidArgumentError } from 'commander';

/** The same where nothing is no number: how many run at once. */
export function countingNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('It takes a whole number from 1 on.');
  return value;
}

/** The value of an option that takes a number which people can type. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number of at most nine digits.');
  return Number(text);
}
