const format = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

/** "14:05", for milliseconds since 1970. */
export const clockTime = (milliseconds: number): string => format.format(new Date(milliseconds));
