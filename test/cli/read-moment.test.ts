import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { readMoment } from '../../cli/read-moment.ts';

const now = new Date(2026, 2, 5, 12, 30, 0);
const time = (...parts: [number, number, number, number, number, number?]) => ({
  time: new Date(...parts).getTime() / 1000,
});

test('a moment is a state, a time of day, a date, or how long ago', () => {
  expect(readMoment('12', now)).toEqual({ state: 12 });
  expect(readMoment('12:29:30.5', now)).toEqual({ time: time(2026, 2, 5, 12, 29, 30).time + 0.5 });
  expect(readMoment('9:05', now)).toEqual(time(2026, 2, 5, 9, 5));
  expect(readMoment('23:00', now)).toEqual(time(2026, 2, 4, 23, 0));
  expect(readMoment('90s', now)).toEqual({ time: now.getTime() / 1000 - 90 });
  expect(readMoment('5m', now)).toEqual({ time: now.getTime() / 1000 - 300 });
  expect(readMoment('2026-03-05T10:00:00', now)).toEqual(time(2026, 2, 5, 10, 0, 0));
  expect(readMoment('1772700000.25', now)).toEqual({ time: 1_772_700_000.25 });
});

test.each(['', 'yesterday', '25:00', '12:60', '-3', '2026-13-40', '5 weeks', '99999999999999'])(
  '%j is none',
  (text) => {
    expect(() => readMoment(text, now)).toThrow(InvalidArgumentError);
  },
);
