/** Extensions without a type of their own in the model: those that ask for a field of the packet are exact, the others are questions. */

import { canonicalAddress } from '../addresses.ts';
import type { Condition, Option } from '../model.ts';
import { all, type Node } from './diagrams.ts';
import { addressBits, between, question, range, type Space } from './space.ts';

type Opaque = Extract<Condition, { kind: 'opaque' }>;

/** One entry for each module: the packets that meet an option as if it were not negated; null where the option is not understood. */
const readers: Readonly<Record<string, (option: Option, space: Space) => Node | null>> = {
  iprange: (option, space) => addressRange(option, space),
  length: (option, space) => (option.name === '--length' ? numberRange(option, space, 'length', 65535) : null),
  tcpmss: (option, space) => (option.name === '--mss' ? numberRange(option, space, 'mss', 65535) : null),
  ttl: (option, space) => timeToLive(option, space),
  hl: (option, space) => timeToLive(option, space),
};

/** Modules whose options each ask for one thing and hold together. */
const separate: ReadonlySet<string> = new Set([
  'iprange',
  'length',
  'tcpmss',
  'ttl',
  'hl',
  'owner',
  'mac',
  'set',
  'physdev',
]);

export function opaqueSet(space: Space, condition: Opaque): Node {
  const { module, options } = condition;
  if (options.length !== 1 && !separate.has(module)) return asked(space, module, options);
  const read = Object.hasOwn(readers, module) ? readers[module] : undefined;
  let set = all;
  for (const option of options) {
    const plain = read?.(option, space) ?? asked(space, module, [{ ...option, negated: false }]);
    set = space.d.and(set, option.negated ? space.d.not(plain) : plain);
  }
  return set;
}

function asked(space: Space, module: string, options: readonly Option[]): Node {
  const words = options.flatMap(({ name, values, negated }) => [...(negated ? ['!'] : []), name, ...values]);
  return question(space, JSON.stringify([module, options]), ['-m', module, ...words].join(' '));
}

function numberRange({ values }: Option, space: Space, field: 'length' | 'mss', most: number): Node | null {
  const [, from, colon, to] = /^(\d*)(:?)(\d*)$/.exec(values[0] ?? '') ?? [];
  if (from === undefined || (from === '' && to === '')) return null;
  if (colon === '') return range(space, field, Number(from), Number(from));
  return range(space, field, Number(from), to === '' ? most : Number(to));
}

function timeToLive({ name, values }: Option, space: Space): Node | null {
  const wanted = Number(values[0]);
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 255) return null;
  if (name.endsWith('-eq')) return range(space, 'ttl', wanted, wanted);
  if (name.endsWith('-lt')) return wanted === 0 ? space.d.not(all) : range(space, 'ttl', 0, wanted - 1);
  if (!name.endsWith('-gt')) return null;
  return wanted === 255 ? space.d.not(all) : range(space, 'ttl', wanted + 1, 255);
}

function addressRange({ name, values }: Option, space: Space): Node | null {
  const field = name === '--src-range' ? 'src' : name === '--dst-range' ? 'dst' : null;
  const [first = '', last = first] = (values[0] ?? '').split('-');
  const family = first.includes(':') ? 'ipv6' : 'ipv4';
  const [from, to] = [canonicalAddress(first, family), canonicalAddress(last, family)];
  if (field === null || from === null || to === null) return null;
  return between(space, space.fields[field], addressBits(from), addressBits(to));
}
