/** A moment in the words of the reader's locale, to the second. Takes Unix seconds. */
export function momentText(time: number): string {
  return new Date(time * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}
