/** libxt_time: dates and times written in full, days as sorted numbers, negated days as the other days. */

import type { Option } from '../model.ts';
import { add, type Form, inTurn, value } from './option-edits.ts';

const two = (text: string | undefined) => String(Number(text ?? '0')).padStart(2, '0');

function clock(text: string): string {
  const parts = text.split(':');
  return [0, 1, 2].map((index) => two(parts[index])).join(':');
}

/** `YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`. */
function date(text: string): string {
  const [day = '', time = '0:0:0'] = text.split(/t/i);
  const [year = '', month = '1', ofMonth = '1'] = day.split('-');
  return `${year}-${two(month)}-${two(ofMonth)}T${clock(time)}`;
}

const dayNames = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'];

function dayNumber(text: string): number {
  const named = dayNames.indexOf(text.slice(0, 2).toLowerCase());
  return named >= 0 ? named + 1 : Number(text);
}

/** `! --weekdays 7` is `--weekdays 1,...,6`. */
function days(name: string, last: number, read: (text: string) => number): Form {
  return (options) =>
    options.map((option): Option => {
      if (option.name !== name) return option;
      const given = new Set((option.values[0] ?? '').split(',').map(read));
      const all = Array.from({ length: last }, (_, index) => index + 1);
      const kept = all.filter((day) => given.has(day) !== option.negated);
      return { name, values: [kept.join(',')], negated: false };
    });
}

export const timeForm: Form = inTurn(
  // The default since iptables 1.4.12.
  (options) => options.filter((option) => option.name !== '--utc'),
  value('--timestart', clock),
  value('--timestop', clock),
  value('--datestart', date),
  value('--datestop', date),
  days('--weekdays', 7, dayNumber),
  days('--monthdays', 31, Number),
  add('--timestart', ['00:00:00'], ['--timestart']),
  add('--timestop', ['23:59:59'], ['--timestop']),
  add('--datestart', ['1970-01-01T00:00:00'], ['--datestart']),
  add('--datestop', ['2038-01-19T03:14:07'], ['--datestop']),
);
