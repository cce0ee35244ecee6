/**
 * Extensions without a typed meaning: the form a person types turned into the one the kernel's state prints as, so that both compare as
 * equal. Each form was checked against iptables-save 1.8.11 (test/fixtures/netfilter/forms).
 */

import type { Family, Option } from '../model.ts';
import { markForms } from './forms-of-marks.ts';
import { timeForm } from './forms-of-time.ts';
import { add, drop, type Form, has, inTurn, list, rename, value } from './option-edits.ts';
import { groupIds, userIds } from './owner-ids.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** Packets per time as the kernel's interval; bytes per time as they stand. */
function hashRate(text: string): string {
  const match = /^(\d+)(?:\/([a-z]+))?$/i.exec(text);
  if (match === null) return byteRate(text.toLowerCase());
  const seconds = units[(match[2] ?? 's').charAt(0).toLowerCase()] ?? 1;
  return `interval ${Math.floor((1_000_000 * seconds) / Math.max(1, Number(match[1])))}`;
}

/** bytes_to_cost() of libxt_hashlimit: steps of 16 bytes a second. */
function byteRate(text: string): string {
  const [, count = '', unit = ''] = /^(\d+)([km]?)b(?:\/s(?:ec(?:ond)?)?)?$/.exec(text) ?? [];
  if (count === '') return text;
  const bytes = Number(count) * (unit === 'k' ? 1024 : unit === 'm' ? 1024 ** 2 : 1);
  return `cost ${Math.floor(0xffffffff / (Math.floor(bytes / 16) + 1))}`;
}

const hashlimit = inTurn(
  rename('--hashlimit', '--hashlimit-upto'),
  (options) =>
    options.map((option) =>
      option.name === '--hashlimit-upto' && option.negated
        ? { ...option, name: '--hashlimit-above', negated: false }
        : option,
    ),
  value('--hashlimit-upto', hashRate),
  value('--hashlimit-above', hashRate),
  list('--hashlimit-mode', (mode) => mode.toLowerCase()),
  add('--hashlimit-burst', ['5'], ['--hashlimit-burst']),
  drop('--hashlimit-htable-gcinterval', '1000'),
  (options, family) =>
    inTurn(
      drop('--hashlimit-srcmask', family === 'ipv4' ? '32' : '128'),
      drop('--hashlimit-dstmask', family === 'ipv4' ? '32' : '128'),
    )(options, family),
);

/** `:5` and `5:` with both ends. */
const openRange = (most: number) => (text: string) => {
  const [from = '', to] = text.split(':');
  return to === undefined ? text : `${from === '' ? 0 : from}:${to === '' ? most : to}`;
};
const wideRange = openRange(0xffffffff);

/** Times of RATEEST in microseconds. */
function microseconds(text: string): string {
  const [, count = '', unit = ''] = /^([0-9.]+)(s|ms|us)$/.exec(text) ?? [];
  return count === '' ? text : `${Math.round(Number(count) * (unit === 's' ? 1e6 : unit === 'ms' ? 1e3 : 1))}us`;
}

const sortedWords = (text: string): string => text.split(',').sort().join(',');

/** Mobility header types as libip6t_mh names them (RFC 6275). */
const mobilityTypes: Readonly<Record<string, string>> = {
  'binding-refresh-request': '0',
  brr: '0',
  'home-test-init': '1',
  hoti: '1',
  'careof-test-init': '2',
  coti: '2',
  'home-test': '3',
  hot: '3',
  'careof-test': '4',
  cot: '4',
  'binding-update': '5',
  bu: '5',
  'binding-acknowledgement': '6',
  ba: '6',
  'binding-error': '7',
  be: '7',
};

const mobilityRange = (text: string): string =>
  openRange(255)(
    text
      .split(':')
      .map((type) => mobilityTypes[type.toLowerCase()] ?? type)
      .join(':'),
  );

const fullMask = (family: Family) =>
  family === 'ipv4' ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

const recent: Form = (options, family) =>
  inTurn(
    add('--name', ['DEFAULT'], ['--name']),
    add('--mask', [fullMask(family)], ['--mask']),
    add('--rsource', [], ['--rsource', '--rdest']),
  )(options, family);

const connlimit: Form = (options, family) =>
  inTurn(
    (all) =>
      all.map((option) => {
        if (!option.negated || !option.name.startsWith('--connlimit-')) return option;
        const other = option.name === '--connlimit-above' ? '--connlimit-upto' : '--connlimit-above';
        return { ...option, name: other, negated: false };
      }),
    add('--connlimit-mask', [family === 'ipv4' ? '32' : '128'], ['--connlimit-mask']),
    add('--connlimit-saddr', [], ['--connlimit-saddr', '--connlimit-daddr']),
  )(options, family);

/** `|0A 0b|x`, or plain text, as the bytes it stands for. */
function patternBytes(text: string, hex: boolean): string {
  const parts = hex ? text.split('|') : [text];
  const encoder = new TextEncoder();
  return parts
    .map((part, index) => {
      if (hex && index % 2 === 1) return part.replace(/\s/g, '').toLowerCase();
      return Array.from(encoder.encode(part), (byte) => byte.toString(16).padStart(2, '0')).join('');
    })
    .join('');
}

const string = inTurn(
  drop('--from', '0'),
  drop('--to', '65535'),
  value('--string', (text) => `bytes ${patternBytes(text, false)}`),
  value('--hex-string', (text) => `bytes ${patternBytes(text, true)}`),
  rename('--hex-string', '--string'),
);

const dscpClasses: Readonly<Record<string, number>> = {
  BE: 0,
  EF: 46,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`CS${index}`, index * 8])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((group) => [1, 2, 3].map((drops) => [`AF${group}${drops}`, group * 8 + drops * 2])),
  ),
};
const dscpClass = (text: string) => String(dscpClasses[text.toUpperCase()] ?? text);

const headers: Readonly<Record<string, string>> = {
  hop: 'hop-by-hop',
  dst: 'ipv6-opts',
  route: 'ipv6-route',
  frag: 'ipv6-frag',
  auth: 'ah',
  none: 'ipv6-nonxt',
  prot: 'protocol',
  '0': 'hop-by-hop',
  '43': 'ipv6-route',
  '44': 'ipv6-frag',
  '50': 'esp',
  '51': 'ah',
  '59': 'ipv6-nonxt',
  '60': 'ipv6-opts',
  proto: 'protocol',
};

const tcpOptions: Readonly<Record<string, string>> = {
  mss: '2',
  wscale: '3',
  'sack-permitted': '4',
  sack: '5',
  timestamp: '8',
  md5: '19',
};

const localNode: Form = (options) =>
  options.map((option) =>
    option.name === '--cluster-local-node'
      ? { ...option, name: '--cluster-local-nodemask', values: [String(2 ** (Number(option.values[0]) - 1))] }
      : option,
  );

const hmark: Form = (options, family) =>
  options.flatMap((option): Option[] => {
    if (option.name !== '--hmark-tuple' || option.values[0] === 'ct') return [option];
    const prefix = family === 'ipv4' ? '32' : '128';
    return (option.values[0] ?? '').split(',').map((part) => {
      if (part === 'src' || part === 'dst') return { name: `--hmark-${part}-prefix`, values: [prefix], negated: false };
      const mask = part === 'spi' ? '4294967295' : part === 'proto' ? '255' : '65535';
      return { name: `--hmark-${part}-mask`, values: [mask], negated: false };
    });
  });

/** In the order of the kernel's bits (libxt_CT.c), which is the order of printing. */
const events = [
  'new',
  'related',
  'destroy',
  'reply',
  'assured',
  'protoinfo',
  'helper',
  'mark',
  'natseqinfo',
  'secmark',
];

function inEventOrder(text: string): string {
  const given = [...new Set(text.split(','))];
  return given.sort((a, b) => events.indexOf(a) - events.indexOf(b)).join(',');
}

const matches: Readonly<Record<string, Form>> = {
  ah: value('--ahspi', wideRange),
  cluster: localNode,
  connbytes: value('--connbytes', (text) => text.replace(/:$/, '')),
  connlimit,
  dscp: inTurn(value('--dscp-class', dscpClass), rename('--dscp-class', '--dscp')),
  esp: value('--espspi', wideRange),
  frag: value('--fragid', wideRange),
  hashlimit,
  ipcomp: value('--ipcompspi', wideRange),
  ipv6header: list('--header', (header) => headers[header] ?? header),
  mh: value('--mh-type', mobilityRange),
  owner: inTurn(
    value('--uid-owner', (text) => userIds.get(text) ?? text),
    value('--gid-owner', (text) => groupIds.get(text) ?? text),
  ),
  pkttype: value('--pkt-type', (text) => (text.toLowerCase() === 'host' ? 'unicast' : text.toLowerCase())),
  recent,
  rt: value('--rt-segsleft', wideRange),
  sctp: (options) =>
    options.map((option) =>
      option.name === '--chunk-types'
        ? { ...option, values: option.values.map((text, at) => (at === 1 ? sortedWords(text) : text)) }
        : option,
    ),
  string,
  time: timeForm,
  tos: markForms.tosMatch,
};

const targets: Readonly<Record<string, Form>> = {
  CT: inTurn(value('--ctevents', inEventOrder), value('--expevents', inEventOrder)),
  CONNMARK: markForms.connmark,
  DSCP: inTurn(value('--set-dscp-class', dscpClass), rename('--set-dscp-class', '--set-dscp')),
  HMARK: hmark,
  NFQUEUE: (options) =>
    has(options, '--queue-balance') ? options : add('--queue-num', ['0'], ['--queue-num'])(options, 'ipv4'),
  RATEEST: inTurn(value('--rateest-interval', microseconds), value('--rateest-ewmalog', microseconds)),
  TCPOPTSTRIP: list('--strip-options', (option) => tcpOptions[option] ?? option),
  TOS: markForms.tosTarget,
};

/** The options of a match in the form that the kernel's state prints as. */
export function matchForm(module: string, options: readonly Option[], family: Family): readonly Option[] {
  return Object.hasOwn(matches, module) ? (matches[module]?.(options, family) ?? options) : options;
}

/** The options of a target in the form that the kernel's state prints as. */
export function targetForm(target: string, options: readonly Option[], family: Family): readonly Option[] {
  return Object.hasOwn(targets, target) ? (targets[target]?.(options, family) ?? options) : options;
}
