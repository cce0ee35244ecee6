const format = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** Of Unix seconds: the local time of day. */
export const clockTime = (time: number): string => format.format(new Date(time * 1000));
