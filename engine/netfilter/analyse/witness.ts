/** One packet of a set in the words of parsePacket: such as people would expect where the set leaves a choice. */

import { writeIPv4, writeIPv6 } from '../addresses.ts';
import { addressTypes } from '../extensions/state.ts';
import type { Family } from '../model.ts';
import { protocolName } from '../protocols.ts';
import { flagBits } from '../simulate/packet.ts';
import { stateNumbers } from './condition-sets.ts';
import { levelsOf, pick } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { addressBits, equal, type FieldName, masked, numberOf, oneOf, question, range, type Space } from './space.ts';

export interface Example {
  readonly packet: string;
  readonly assuming: readonly string[];
  readonly bits: (level: number) => boolean;
}

/** null for the empty set. `local`: its destination is the host's, where nothing else is asked. */
export function examplePacket(
  space: Space,
  family: Family,
  set: Node,
  { local }: { readonly local: boolean },
): Example | null {
  const { d } = space;
  let chosen = set;
  const prefer = (wanted: Node): void => {
    const narrower = d.and(chosen, wanted);
    if (narrower !== none) chosen = narrower;
  };
  for (const wanted of preferences(space, family, local)) prefer(wanted());
  // Fields that most rules never ask for are left out where they do not matter.
  const levels = levelsOf(d, chosen);
  for (const [name, value] of seldomAsked) {
    const { start, width } = space.fields[name];
    const matters = Array.from({ length: width }, (_, index) => levels.has(start + index)).includes(true);
    if (matters) prefer(equal(space, name, value));
  }
  const bits = pick(d, chosen);
  return bits === null ? null : textOf(space, family, bits, local);
}

const seldomAsked = [
  ['connmark', 0],
  ['ttl', 64],
  ['length', 60],
  ['dscp', 0],
  ['mss', 1460],
] as const;

function preferences(space: Space, family: Family, local: boolean): (() => Node)[] {
  const { d } = space;
  const not = (set: Node): Node => d.not(set);
  const tcp = () => equal(space, 'protocol', 6);
  const address = (name: 'src' | 'dst', text: string) => () => masked(space, space.fields[name], addressBits(text));
  const [near, far, odd] =
    family === 'ipv4' ? ['192.0.2.10', '198.51.100.7', '0.0.0.0'] : ['2001:db8::10', '2001:db8:1::7', '::'];
  return [
    () => equal(space, 'mark', 0),
    ...['fragment', 'seen before'].map((key) => () => (space.questions.has(key) ? not(question(space, key, '')) : 1)),
    () => equal(space, 'dstType', addressTypes.indexOf(local ? 'LOCAL' : 'UNICAST')),
    () => equal(space, 'srcType', addressTypes.indexOf('UNICAST')),
    () => oneOf(space, 'state', [0, 1]),
    () => equal(space, 'state', 0),
    () => oneOf(space, 'protocol', [6, 17, 1, 58]),
    tcp,
    () => oneOf(space, 'dport', [22, 80, 443, 53]),
    () => range(space, 'dport', 1, 65535),
    () => equal(space, 'sport', 40000),
    () => equal(space, 'flags', 2),
    () => not(equal(space, 'in', 1)),
    () => not(equal(space, 'out', 1)),
    address('src', far),
    address('dst', near),
    () => not(masked(space, space.fields.src, addressBits(odd))),
    () => not(masked(space, space.fields.dst, addressBits(odd))),
  ];
}

function textOf(space: Space, family: Family, bits: ReadonlyMap<number, boolean>, local: boolean): Example {
  const valueBits = (name: FieldName): boolean[] => {
    const { start, width } = space.fields[name];
    return Array.from({ length: width }, (_, index) => bits.get(start + index) ?? false);
  };
  const value = (name: FieldName): number => numberOf(valueBits(name));
  const asked = (name: FieldName): boolean => {
    const { start, width } = space.fields[name];
    return Array.from({ length: width }, (_, index) => start + index).some((level) => bits.has(level));
  };
  const words: string[] = [];
  const add = (key: string, text: string | number): void => void words.push(`${key}=${text}`);
  const [came, out] = [space.interfaces[value('in')]?.example, space.interfaces[value('out')]?.example];
  if (came) add('in', came);
  if (out) add('out', out);
  add('src', addressText(family, valueBits('src')));
  add('dst', addressText(family, valueBits('dst')));
  const protocol = value('protocol');
  add('proto', protocolName(protocol));
  if ([6, 17, 33, 132, 136].includes(protocol)) {
    add('sport', value('sport'));
    add('dport', value('dport'));
  }
  if (protocol === 6) add('flags', flagsText(value('flags')));
  if (protocol === 1 || protocol === 58) {
    add('icmp-type', value('dport') >> 8);
    add('icmp-code', value('dport') & 255);
  }
  add('state', (stateNumbers[value('state')] ?? 'NEW').toLowerCase());
  if (value('mark') !== 0) add('mark', `0x${value('mark').toString(16)}`);
  if (asked('ttl')) add('ttl', value('ttl'));
  if (asked('length')) add('length', value('length'));
  if (asked('dscp')) add('dscp', value('dscp'));
  if (asked('mss') && protocol === 6) add('mss', value('mss'));
  if (asked('connmark') && value('state') < 3) add('connmark', `0x${value('connmark').toString(16)}`);
  const assuming = assumptions(space, bits, local, value, asked);
  return { packet: words.join(' '), assuming, bits: (level) => bits.get(level) ?? false };
}

function assumptions(
  space: Space,
  bits: ReadonlyMap<number, boolean>,
  local: boolean,
  value: (name: FieldName) => number,
  asked: (name: FieldName) => boolean,
): string[] {
  const found: string[] = [];
  const add = (text: string, holds: boolean): void => void found.push(`${text}: ${holds ? 'yes' : 'no'}`);
  for (const { level, text } of space.questions.values()) {
    const answer = bits.get(level);
    if (answer !== undefined && (answer || text.startsWith('-'))) add(text, answer);
  }
  for (const { level, text } of space.draws.values()) {
    const answer = bits.get(level);
    if (answer !== undefined) add(text, answer);
  }
  const usual = { dstType: local ? 'LOCAL' : 'UNICAST', srcType: 'UNICAST' };
  for (const name of ['dstType', 'srcType'] as const) {
    const type = addressTypes[value(name)] ?? '';
    const side = name === 'dstType' ? 'destination' : 'source';
    if (asked(name) && type !== usual[name]) found.push(`its ${side} address is ${type}`);
  }
  return found;
}

function addressText(family: Family, bits: readonly boolean[]): string {
  if (family === 'ipv4') return writeIPv4(numberOf(bits.slice(0, 32)));
  return writeIPv6(Array.from({ length: 8 }, (_, index) => numberOf(bits.slice(index * 16, index * 16 + 16))));
}

const flagsText = (flags: number): string =>
  Object.entries(flagBits)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join(',') || 'none';
