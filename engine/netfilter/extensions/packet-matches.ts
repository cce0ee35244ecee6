/** Matches that the packet itself decides, or how it came: length, ttl, hl, dscp, tos, tcpmss, owner, iprange, mac, pkttype, set, rpfilter, physdev. */

import { canonicalAddress } from '../addresses.ts';
import type { Condition, PacketField, PortRange } from '../model.ts';
import { firstValue, type MatchExtension, type ReadOption, type RuleContext } from './extension.ts';
import { matchForm } from './forms.ts';
import { readNumber } from './numbers.ts';
import { opaqueOptions } from './opaque.ts';
import { typedMatch, wholeMatch } from './typed.ts';

/** `FROM:TO`, either end missing, or one number. */
function rangeOf(text: string, most: number, between: ':' | '-'): PortRange | null {
  const at = text.indexOf(between);
  if (at < 0) {
    const value = readNumber(text, most);
    return value === null ? null : { from: value, to: value };
  }
  const from = at === 0 ? 0 : readNumber(text.slice(0, at), most);
  const to = at === text.length - 1 ? most : readNumber(text.slice(at + 1), most);
  return from === null || to === null || from > to ? null : { from, to };
}

function field(name: PacketField, ranges: readonly PortRange[], option: ReadOption): Condition {
  return { kind: 'field', field: name, ranges, negated: option.negated };
}

function numberIn(name: PacketField, most: number, between: ':' | '-' = ':') {
  return (option: ReadOption, text = firstValue(option)): Condition | null => {
    const range = text === '' ? null : rangeOf(text, most, between);
    return range === null ? null : field(name, [range], option);
  };
}

/** --ttl-eq, --ttl-lt and --ttl-gt, and those of hl. */
function timeToLive(name: 'ttl' | 'hop-limit'): (option: ReadOption) => Condition | null {
  return (option) => {
    const value = readNumber(firstValue(option), 255);
    if (value === null) return null;
    if (option.name.endsWith('-lt')) return field(name, value === 0 ? [] : [{ from: 0, to: value - 1 }], option);
    if (option.name.endsWith('-gt')) return field(name, value === 255 ? [] : [{ from: value + 1, to: 255 }], option);
    return field(name, [{ from: value, to: value }], option);
  };
}

/** The value in the form that the kernel's state prints as: names of classes and of types of service are numbers there. */
function plainValue(module: string, option: ReadOption, { family }: RuleContext): string {
  return matchForm(module, [option], family)[0]?.values[0] ?? '';
}

const uid = numberIn('uid', 0xffffffff, '-');
const gid = numberIn('gid', 0xffffffff, '-');

function owner(option: ReadOption, context: RuleContext): Condition | null {
  const text = plainValue('owner', option, context);
  if (option.name === '--uid-owner') return uid(option, text);
  if (option.name === '--gid-owner') return gid(option, text);
  return option.name === '--socket-exists' ? { kind: 'socket', negated: option.negated } : null;
}

function addressRange(option: ReadOption, { family }: RuleContext): Condition | null {
  const [first = '', last = first] = firstValue(option).split('-');
  const from = canonicalAddress(first, family);
  const to = canonicalAddress(last, family);
  if (from === null || to === null) return null;
  const side = option.name === '--src-range' ? 'source' : 'destination';
  return { kind: 'address-range', side, from, to, negated: option.negated };
}

function mac(option: ReadOption): Condition | null {
  const parts = firstValue(option).split(':');
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))) return null;
  const address = parts.map((part) => part.toLowerCase().padStart(2, '0')).join(':');
  return { kind: 'mac-source', address, negated: option.negated };
}

function packetType(option: ReadOption, context: RuleContext): Condition | null {
  const type = plainValue('pkttype', option, context);
  if (type !== 'unicast' && type !== 'broadcast' && type !== 'multicast') return null;
  return { kind: 'packet-type', type, negated: option.negated };
}

function tos(option: ReadOption, context: RuleContext): Condition | null {
  const [value = '', mask = ''] = plainValue('tos', option, context).split('/');
  const read = { value: readNumber(value, 255), mask: readNumber(mask, 255) };
  if (read.value === null || read.mask === null) return null;
  return { kind: 'tos', value: read.value, mask: read.mask, negated: option.negated };
}

const sideNames: ReadonlySet<string> = new Set(['src', 'dst']);

/** `src,dst` of ipset's options. */
export function readSides(text: string): ('src' | 'dst')[] | null {
  const sides = text.split(',');
  return sides.every((side) => sideNames.has(side)) ? sides.map((side) => (side === 'src' ? 'src' : 'dst')) : null;
}

function set(options: readonly ReadOption[]): Condition | null {
  const matches = options.filter((option) => option.name === '--match-set' || option.name === '--set');
  const [match] = matches;
  const [name = '', sidesText = ''] = match?.values ?? [];
  const sides = readSides(sidesText);
  if (match === undefined || matches.length > 1 || sides === null) return null;
  // --update-counters and --update-subcounters are what holds without them.
  const rest = options.filter(
    (option) =>
      option !== match && option.name !== '--return-nomatch' && (option.negated || !/^--update-/.test(option.name)),
  );
  return {
    kind: 'set',
    set: name,
    sides,
    returnNomatch: options.some((option) => option.name === '--return-nomatch'),
    counting: opaqueOptions(rest).options,
    negated: match.negated,
  };
}

function reversePath(options: readonly ReadOption[]): Condition {
  const has = (name: string) => options.some((option) => option.name === name);
  return {
    kind: 'reverse-path',
    loose: has('--loose'),
    mark: has('--validmark'),
    acceptLocal: has('--accept-local'),
    negated: has('--invert'),
  };
}

const bridged: Readonly<Record<string, 'in' | 'out' | 'whole'>> = {
  '--physdev-is-in': 'in',
  '--physdev-is-out': 'out',
  '--physdev-is-bridged': 'whole',
};

function bridge(option: ReadOption): Condition | null {
  const how = bridged[option.name];
  if (how !== undefined) return { kind: 'bridged', how, negated: option.negated };
  const side = option.name === '--physdev-in' ? 'in' : 'out';
  return { kind: 'bridge-port', side, name: firstValue(option), negated: option.negated };
}

const dscp = numberIn('dscp', 63);

export const packetMatches: readonly MatchExtension[] = [
  typedMatch('length', '--length=1', (option) => numberIn('length', 65535)(option)),
  typedMatch('ttl', '--ttl-eq,--ttl=1 --ttl-lt=1 --ttl-gt=1', timeToLive('ttl')),
  typedMatch('hl', '--hl-eq=1 --hl-lt=1 --hl-gt=1', timeToLive('hop-limit')),
  typedMatch('dscp', '--dscp=1 --dscp-class=1', (option, context) => dscp(option, plainValue('dscp', option, context))),
  typedMatch('tcpmss', '--mss=1', (option) => numberIn('tcp-mss', 65535)(option)),
  typedMatch('tos', '--tos=1', tos),
  typedMatch(
    'owner',
    '--socket-exists --uid-owner=1 --gid-owner=1 --suppl-groups --pid-owner=1 --sid-owner=1 --cmd-owner=1',
    owner,
  ),
  typedMatch('iprange', '--src-range=1 --dst-range=1', addressRange),
  typedMatch('mac', '--mac-source=1', mac),
  typedMatch('pkttype', '--pkt-type=1', packetType),
  typedMatch('physdev', '--physdev-is-in --physdev-in=1 --physdev-is-out --physdev-out=1 --physdev-is-bridged', bridge),
  wholeMatch(
    'set',
    '--match-set=2 --set=2 --return-nomatch --update-counters --update-subcounters --packets-eq=1 --packets-lt=1 --packets-gt=1 --bytes-eq=1 --bytes-lt=1 --bytes-gt=1',
    set,
  ),
  wholeMatch('rpfilter', '--loose --validmark --accept-local --invert', reversePath),
];
