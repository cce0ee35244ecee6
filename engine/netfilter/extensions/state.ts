/** Marks, bookkeeping, and what an address is to the host: mark, connmark, limit, statistic, addrtype, comment. */

import type { Condition } from '../model.ts';
import { badValue, firstValue, type MatchExtension, optionTable, type ReadOption } from './extension.ts';
import { markOf, numberOf } from './numbers.ts';
import { opaqueOptions } from './opaque.ts';

function mark(kind: 'mark' | 'connmark'): MatchExtension {
  return {
    name: kind,
    options: optionTable('--mark=1'),
    read: (options) => options.map((option) => ({ kind, ...markOf(option), negated: option.negated })),
  };
}

const units: readonly (readonly [string, number])[] = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86400],
];

/** `RATE[/UNIT]` as libxt_limit reads it: rounded to ten-thousandths of a second between packets. */
export function perSecond(option: ReadOption): number {
  const [count = '', unit] = firstValue(option).split('/');
  const rate = numberOf(option, 0xffffffff, count);
  const seconds =
    unit === undefined ? 1 : units.find(([name]) => unit !== '' && name.startsWith(unit.toLowerCase()))?.[1];
  if (rate === 0 || seconds === undefined) throw badValue(option, 'NUMBER/second, /minute, /hour or /day');
  const interval = Math.floor((10_000 * seconds) / rate);
  if (interval === 0) throw badValue(option, 'a rate of at most 10000/second');
  return 10_000 / interval;
}

function limit(options: readonly ReadOption[]): Condition[] {
  let rate = 3 / 3600;
  let burst = 5;
  for (const option of options) {
    if (option.name === '--limit') rate = perSecond(option);
    else burst = numberOf(option, 10_000);
  }
  return [{ kind: 'limit', perSecond: rate, burst }];
}

function statistic(options: readonly ReadOption[]): Condition[] {
  const find = (name: string) => options.find((option) => option.name === name);
  const probability = find('--probability');
  if (probability !== undefined) {
    const value = Number(firstValue(probability));
    if (!(value >= 0 && value <= 1)) throw badValue(probability, 'a probability from 0 to 1');
    // The kernel keeps 31 bits of it (libxt_statistic: lround(0x80000000 * p)).
    const kept = Math.round(value * 0x80000000) / 0x80000000;
    return [{ kind: 'statistic', mode: 'random', probability: kept, negated: probability.negated }];
  }
  const every = find('--every');
  if (every === undefined) return [{ kind: 'opaque', module: 'statistic', ...opaqueOptions(options) }];
  const first = find('--packet');
  return [
    {
      kind: 'statistic',
      mode: 'nth',
      every: numberOf(every, 0xffffffff),
      packet: first === undefined ? 0 : numberOf(first, 0xffffffff),
      negated: every.negated,
    },
  ];
}

/** By their numbers in the kernel (linux/rtnetlink.h, RTN_*): the bits of libxt_addrtype.c, and the order of printing. */
export const addressTypes: readonly string[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
];

function typesOf(option: ReadOption): string[] {
  const wanted = new Set(firstValue(option).toUpperCase().split(','));
  const known = addressTypes.filter((type) => wanted.has(type));
  if (known.length !== wanted.size)
    throw badValue(option, `address types out of ${addressTypes.join(', ')}, with commas`);
  return known;
}

function addressType(options: readonly ReadOption[]): Condition[] {
  const limits = options.filter((option) => option.name.startsWith('--limit'));
  const [limit] = limits;
  const types = options.filter((option) => !limits.includes(option));
  if (limits.length > 1 || types.length === 0)
    return [{ kind: 'opaque', module: 'addrtype', ...opaqueOptions(options) }];
  return types.map((option) => ({
    kind: 'address-type',
    side: option.name === '--src-type' ? 'source' : 'destination',
    types: typesOf(option),
    ...(limit === undefined ? {} : { limit: limit.name === '--limit-iface-in' ? 'in' : 'out' }),
    negated: option.negated,
  }));
}

export const stateMatches: readonly MatchExtension[] = [
  mark('mark'),
  mark('connmark'),
  { name: 'limit', options: optionTable('--limit=1 --limit-burst=1'), read: limit },
  {
    name: 'statistic',
    options: optionTable('--mode=1 --probability=1 --every=1 --packet=1'),
    read: statistic,
  },
  {
    name: 'addrtype',
    options: optionTable('--src-type=1 --dst-type=1 --limit-iface-in --limit-iface-out'),
    read: addressType,
  },
  {
    name: 'comment',
    options: optionTable('--comment=1'),
    read: (options) => options.map((option) => ({ kind: 'comment', text: firstValue(option) })),
  },
];
