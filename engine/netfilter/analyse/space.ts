/**
 * The packets that rules speak of, as variables of decision diagrams: the fields of a packet bit by bit, most significant first, and below
 * them one variable for each question that the packet alone does not answer.
 */

import { readIPv4, readIPv6 } from '../addresses.ts';
import type { Family, Rule, Ruleset } from '../model.ts';
import { all, Diagrams, type Node, none } from './diagrams.ts';
import { type InterfaceClass, interfaceClasses } from './interfaces.ts';
import { NodeStore, TooLargeError } from './node-store.ts';

export interface Field {
  /** Level of its most significant bit. */
  readonly start: number;
  readonly width: number;
}

const widths = {
  state: 3,
  in: 0,
  out: 0,
  protocol: 8,
  /** For ICMP the type in the upper half and the code in the lower. */
  dport: 16,
  dst: 0,
  src: 0,
  sport: 16,
  flags: 6,
  dstType: 4,
  srcType: 4,
  mark: 32,
  connmark: 32,
  ttl: 8,
  length: 16,
  dscp: 6,
  mss: 16,
};
export type FieldName = keyof typeof widths;

/** What a question asks that a packet's fields do not answer. */
export interface Question {
  readonly level: number;
  readonly text: string;
}

export interface Draw extends Question {
  /** It may come out either way for any packet; other draws ask for what is not known. */
  readonly chance: boolean;
}

export interface Space {
  readonly d: Diagrams;
  readonly fields: Readonly<Record<FieldName, Field>>;
  readonly interfaces: readonly InterfaceClass[];
  /** The ipsets that some rule adds to or deletes from. */
  readonly changingSets: ReadonlySet<string>;
  /** Some rule asks for the type of an IPv4 address, which is then a field of its own. */
  readonly asksTypes: boolean;
  /** Questions about a packet, by their key: asked twice of one packet they have one answer. */
  readonly questions: Map<string, Question>;
  /** Draws and counters: each time a rule is asked the answer is another one. */
  readonly draws: Map<string, Draw>;
}

/** From here on downwards a variable is a draw. */
export const firstDraw = 1 << 24;

export interface SpaceOptions {
  /** 128 where rulesets of both families share the space. */
  readonly addressBits: 32 | 128;
  readonly mostNodes?: number;
}

export const addressBitsOf = (family: Family): 32 | 128 => (family === 'ipv4' ? 32 : 128);

/** A space in which all rules of these rulesets can be told apart. */
export function makeSpace(rulesets: readonly Ruleset[], { addressBits, mostNodes }: SpaceOptions): Space {
  const interfaces = interfaceClasses(rulesets);
  const own: Partial<Record<FieldName, number>> = {
    in: bitsFor(interfaces.length),
    out: bitsFor(interfaces.length),
    dst: addressBits,
    src: addressBits,
  };
  let next = 0;
  const place = (name: FieldName): Field => {
    const field = { start: next, width: own[name] ?? widths[name] };
    next += field.width;
    return field;
  };
  const names = Object.keys(widths) as FieldName[];
  const fields = Object.fromEntries(names.map((name) => [name, place(name)])) as Record<FieldName, Field>;
  return {
    d: new Diagrams(new NodeStore(mostNodes)),
    fields,
    interfaces,
    changingSets: changingSets(rulesets),
    asksTypes: addressBits === 32 && asksTypes(rulesets),
    questions: new Map(),
    draws: new Map(),
  };
}

const rulesOf = (rulesets: readonly Ruleset[]): Rule[] =>
  rulesets.flatMap(({ tables }) => tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules)));

const asksTypes = (rulesets: readonly Ruleset[]): boolean =>
  rulesOf(rulesets).some(({ conditions }) => conditions.some(({ kind }) => kind === 'address-type'));

function changingSets(rulesets: readonly Ruleset[]): Set<string> {
  return new Set(rulesOf(rulesets).flatMap(({ action }) => (action.kind === 'set-entry' ? [action.set] : [])));
}

const bitsFor = (count: number): number => Math.max(1, Math.ceil(Math.log2(count)));

/** From here on downwards a variable is a question or a draw. */
export const fieldsEnd = ({ fields }: Space): number => fields.mss.start + fields.mss.width;

/** The packets for which the answer is yes. */
export function question(space: Space, key: string, text: string): Node {
  const known = space.questions.get(key);
  const asked = known ?? { level: fieldsEnd(space) + space.questions.size, text };
  if (known === undefined) space.questions.set(key, asked);
  return space.d.variable(asked.level);
}

const mostDraws = 30_000;

/** A draw: another one for each key. */
export function draw(space: Space, key: string, what: Omit<Draw, 'level'>): Node {
  const known = space.draws.get(key);
  if (known !== undefined) return space.d.variable(known.level);
  if (space.draws.size >= mostDraws) throw new TooLargeError('too much depends on limits and chance');
  const made = { level: firstDraw + space.draws.size, ...what };
  space.draws.set(key, made);
  return space.d.variable(made.level);
}

export type Bits = readonly boolean[];

export function bitsOf(value: number, width: number): Bits {
  return Array.from({ length: width }, (_, index) => Math.floor(value / 2 ** (width - 1 - index)) % 2 === 1);
}

/** The bits of an address in canonical text, 32 or 128. */
export function addressBits(address: string): Bits {
  const v4 = readIPv4(address);
  if (v4 !== null) return bitsOf(v4, 32);
  return (readIPv6(address) ?? []).flatMap((group) => bitsOf(group, 16));
}

export function numberOf(bits: Bits): number {
  return bits.reduce((value, bit) => value * 2 + (bit ? 1 : 0), 0);
}

/** The packets whose field has these bits where `mask` is set. Bits that are not given are free. */
export function masked({ d }: Space, field: Field, bits: Bits, mask?: Bits): Node {
  let node = all;
  for (let index = bits.length - 1; index >= 0; index--) {
    if (mask !== undefined && !mask[index]) continue;
    const level = field.start + index;
    node = bits[index] ? d.store.make(level, none, node) : d.store.make(level, node, none);
  }
  return node;
}

export function equal(space: Space, name: FieldName, value: number): Node {
  const field = space.fields[name];
  return masked(space, field, bitsOf(value, field.width));
}

export function oneOf(space: Space, name: FieldName, values: readonly number[]): Node {
  return values.reduce((set, value) => space.d.or(set, equal(space, name, value)), none);
}

/** The packets whose field lies between two values, both included. */
export function between({ d }: Space, field: Field, from: Bits, to: Bits): Node {
  let least = all;
  let most = all;
  for (let index = from.length - 1; index >= 0; index--) {
    const level = field.start + index;
    least = from[index] ? d.store.make(level, none, least) : d.store.make(level, least, all);
    most = to[index] ? d.store.make(level, all, most) : d.store.make(level, most, none);
  }
  return d.and(least, most);
}

export function range(space: Space, name: FieldName, from: number, to: number): Node {
  const field = space.fields[name];
  return between(space, field, bitsOf(from, field.width), bitsOf(to, field.width));
}
