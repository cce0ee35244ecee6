/** What `iptables -L -n` prints for a match, by its module (print() of each iptables/extensions/libxt_*.c). */

import type { Option } from '../model.ts';
import { quoteWords } from '../words.ts';
import type { Part } from './part.ts';

/** The text of one match; for a module without its own way, its name and options without their dashes. */
export function listMatch({ name, options }: Part): string {
  const print = Object.hasOwn(printers, name) ? printers[name] : undefined;
  if (print !== undefined) return print(options);
  return [name, ...options.map(plainOption)].join(' ');
}

type Printer = (options: readonly Option[]) => string;

const not = (option: Option): string => (option.negated ? '!' : '');
const value = (option: Option): string => option.values.join(' ');

/** `! ctstate NEW`: the words of iptables-save without dashes. */
export function plainOption(option: Option): string {
  const words = quoteWords([`--${option.name}`, ...option.values]).slice(2);
  return option.negated ? `! ${words}` : words;
}

const plainOptions: Printer = (options) => options.map(plainOption).join(' ');
const withDashes: Printer = (options) =>
  options.map((option) => `${option.negated ? '! ' : ''}${[`--${option.name}`, ...option.values].join(' ')}`).join(' ');

/** `dpt:80`, `spts:!1:2`. */
function port(option: Option): string | null {
  if (option.name !== 'sport' && option.name !== 'dport') return null;
  const text = value(option);
  return `${option.name === 'sport' ? 'spt' : 'dpt'}${text.includes(':') ? 's' : ''}:${not(option)}${text}`;
}

const withPorts =
  (name: string): Printer =>
  (options) =>
    [name, ...options.map((option) => port(option) ?? transportOption(option))].join(' ');

function transportOption(option: Option): string {
  if (option.name === 'tcp-flags') {
    const [mask = '', set = ''] = option.values;
    return `flags:${not(option)}${flagBits(mask)}/${flagBits(set)}`;
  }
  if (option.name === 'tcp-option' || option.name === 'dccp-option') return `option=${not(option)}${value(option)}`;
  return `${option.negated ? '! ' : ''}${value(option)}`;
}

const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];

function flagBits(text: string): string {
  const bits = text.split(',').reduce((sum, flag) => sum | (flag === 'NONE' ? 0 : 1 << flagNames.indexOf(flag)), 0);
  return `0x${bits.toString(16).toUpperCase().padStart(2, '0')}`;
}

const icmp =
  (title: string): Printer =>
  ([option]) => {
    if (option === undefined) return title;
    const [type = '', code] = value(option).split('/');
    const kind = option.negated ? ' !type' : 'type';
    return `${title}${kind} ${type === 'any' ? '255' : type}${code === undefined ? '' : ` code ${code}`}`;
  };

const marked =
  (title: string): Printer =>
  (options) =>
    options.map((option) => `${title} ${option.negated ? '! ' : ''}${value(option)}`).join(' ');

/** `spi:5`, `spis:1:2`. */
const numbers =
  (title: string, name: string): Printer =>
  (options) =>
    [
      title,
      ...options.map((option) => {
        const text = value(option);
        return text === '' ? 'reserved' : `${name}${text.includes(':') ? 's' : ''}:${not(option)}${text}`;
      }),
    ].join(' ');

const comparison: Readonly<Record<string, string>> = { eq: '==', lt: '<', gt: '>' };

const hops =
  (title: string): Printer =>
  (options) =>
    options
      .map((option) => {
        const sign = option.negated ? '!=' : (comparison[option.name.split('-')[1] ?? ''] ?? '==');
        return `${title} match ${title} ${sign} ${value(option)}`;
      })
      .join(' ');

const printers: Readonly<Record<string, Printer>> = {
  tcp: withPorts('tcp'),
  udp: withPorts('udp'),
  udplite: withPorts('udplite'),
  sctp: withPorts('sctp'),
  dccp: withPorts('dccp'),
  icmp: icmp('icmp'),
  icmp6: icmp('ipv6-icmp'),
  conntrack: plainOptions,
  state: plainOptions,
  realm: plainOptions,
  devgroup: plainOptions,
  set: plainOptions,
  esp: numbers('esp', 'spi'),
  ah: numbers('ah', 'spi'),
  ipcomp: numbers('comp', 'spi'),
  ttl: hops('TTL'),
  hl: hops('HL'),
  mark: marked('mark match'),
  connmark: (options) =>
    options.map((option) => `connmark match ${option.negated ? '!' : ''} ${value(option)}`).join(' '),
  comment: (options) => `/* ${options.map(value).join(' ')} */`,
  multiport: (options) =>
    `multiport ${options.map((option) => `${option.name} ${option.negated ? ' !' : ''}${value(option)}`).join(' ')}`,
  limit: (options) => {
    const of = (name: string) => options.find((option) => option.name === name);
    const burst = of('limit-burst');
    return `limit: avg ${value(of('limit') ?? { name: '', values: ['?'], negated: false })} burst ${burst ? value(burst) : '5'}`;
  },
  statistic: (options) =>
    `statistic ${options
      .filter((option) => option.name !== 'packet' || value(option) !== '0')
      .map(plainOption)
      .join(' ')}`,
  addrtype: (options) =>
    `ADDRTYPE match ${options
      .map((option) =>
        option.name.startsWith('limit-iface-')
          ? option.name.replace('iface-', '')
          : `${option.name} ${not(option)}${value(option)}`,
      )
      .join(' ')}`,
  hashlimit: hashLimit,
  recent,
  iprange: (options) =>
    options
      .map((option) => {
        const side = option.name === 'src-range' ? 'source' : 'destination';
        return `${side} IP range ${option.negated ? '! ' : ''}${value(option)}`;
      })
      .join(' '),
  mac: marked('MAC'),
  string: (options) =>
    `STRING match ${options
      .map((option) => {
        if (option.name === 'string' || option.name === 'hex-string') {
          const [, text = ''] = /^\S+ (.*)$/s.exec(quoteWords(['--string', ...option.values])) ?? [];
          return `${option.negated ? '!' : ''} ${text}`;
        }
        if (option.name === 'algo') return `ALGO name ${value(option)}`;
        return [option.name.toUpperCase(), ...option.values].join(' ');
      })
      .join(' ')}`,
  physdev: (options) => `PHYSDEV match ${withDashes(options)}`,
  socket: (options) => ['socket', withDashes(options)].filter((text) => text !== '').join(' '),
  connlimit: (options) => {
    const of = (name: string) => options.find((option) => option.name === name);
    const mask = of('connlimit-mask');
    const upto = of('connlimit-upto');
    const above = of('connlimit-above');
    const side = of('connlimit-daddr') ? 'dst' : 'src';
    return `#conn ${side}/${mask ? value(mask) : '32'} ${upto ? `<= ${value(upto)}` : above ? `> ${value(above)}` : ''}`;
  },
  pkttype: (options) => options.map((option) => `PKTTYPE ${not(option)}= ${value(option)}`).join(' '),
  dscp: (options) => options.map((option) => `DSCP match ${not(option)}${value(option)}`).join(' '),
  tos: (options) => options.map((option) => `tos match${not(option)}${value(option)}`).join(' '),
  tcpmss: (options) => options.map((option) => `tcpmss match ${not(option)}${value(option)}`).join(' '),
  length: (options) => options.map((option) => `length ${not(option)}${value(option)}`).join(' '),
  u32: (options) => options.map((option) => `u32 ${option.negated ? '! ' : ''}"${value(option)}"`).join(' '),
  helper: (options) =>
    options.map((option) => `helper match ${option.negated ? '! ' : ''}"${value(option)}"`).join(' '),
  quota: (options) => options.map((option) => `quota: ${value(option)} bytes`).join(' '),
  cpu: marked('cpu'),
  cgroup: marked('cgroup'),
  connbytes: (options) =>
    options
      .map((option) => {
        const title = option.name.replace('connbytes-dir', 'connbytes direction').replace('-mode', ' mode');
        return `${option.negated ? '! ' : ''}${title} ${value(option)}`;
      })
      .join(' '),
  connlabel: (options) =>
    [
      'connlabel',
      ...options.map((option) => (option.name === 'set' ? 'set' : plainOption(option).replace('label ', ''))),
    ].join(' '),
  ecn: (options) =>
    `ECN match ${options
      .map((option) => {
        const name = option.name.replace(/^ecn-(tcp|ip)-/, '').toUpperCase();
        return `${not(option)}${[name, ...option.values].join('=')}`;
      })
      .join(' ')}`,
  time,
  rpfilter: (options) => ['rpfilter', ...options.map(({ name }) => name)].join(' '),
  owner,
};

/** Without an end that was never given: xt_time keeps 2038-01-19 for it. */
function time(options: readonly Option[]): string {
  // Days of the month are kept before those of the week and printed behind them.
  const names = Object.keys(timeWords);
  const ordered = options.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  const texts = ordered.map((option) => {
    const text = value(option);
    const title = timeWords[option.name];
    if (option.name === 'datestop' && text.startsWith('2038-01-19T03:14:07')) return '';
    if (option.name === 'kerneltz' || title === undefined) return '';
    const shown = option.name === 'monthdays' ? text.split(',').map(ordinal).join(',') : text.replace(/(\d)T/, '$1 ');
    return `${option.negated ? '! ' : ''}${title} ${shown}`;
  });
  const has = (name: string) => options.some((option) => option.name === name);
  if (!has('kerneltz')) texts.push('UTC');
  if (has('contiguous')) texts.push('contiguous');
  return ['TIME', ...texts.filter((text) => text !== '')].join(' ');
}

const timeWords: Readonly<Record<string, string>> = {
  timestart: 'from',
  timestop: 'to',
  weekdays: 'on',
  monthdays: 'on',
  datestart: 'starting from',
  datestop: 'until date',
};

/** As libxt_time counts: 1st, 2nd, 3rd, 4th, and also 11st. */
function ordinal(day: string): string {
  const endings = ['th', 'st', 'nd', 'rd'];
  return `${day}${endings[Number(day) % 10] ?? 'th'}`;
}

function hashLimit(options: readonly Option[]): string {
  const texts = options.map((option) => {
    const name = option.name.replace(/^hashlimit-/, '');
    if (name === 'upto') return `limit: up to ${value(option)}`;
    if (name === 'above') return `limit: above ${value(option)}`;
    if (name === 'mode') return `mode ${value(option).replaceAll(',', '-')}`;
    return name === 'name' ? '' : [name, ...option.values].join(' ');
  });
  return texts.filter((text) => text !== '').join(' ');
}

const recentWords: Readonly<Record<string, string>> = {
  set: 'SET',
  rcheck: 'CHECK',
  update: 'UPDATE',
  remove: 'REMOVE',
  rttl: 'TTL-Match',
  rsource: 'side: source',
  rdest: 'side: dest',
};

function recent(options: readonly Option[]): string {
  const inverted = options.some((option) => option.negated);
  // The mask is kept before the side and printed behind it.
  const last = (option: Option) => (option.name === 'mask' ? 1 : 0);
  const texts = [...options]
    .sort((a, b) => last(a) - last(b))
    .map((option) => {
      const word = recentWords[option.name];
      if (word !== undefined) return word;
      if (option.values.length === 0) return option.name;
      return `${option.name === 'hitcount' ? 'hit_count' : option.name}: ${value(option)}`;
    });
  return `${inverted ? '! ' : ''}recent: ${texts.join(' ')}`;
}

const owners: Readonly<Record<string, string>> = {
  'uid-owner': 'owner UID match',
  'gid-owner': 'owner GID match',
  'socket-exists': 'owner socket exists',
  'suppl-groups': 'incl. suppl. groups',
};

function owner(options: readonly Option[]): string {
  return options
    .map((option) => {
      const words = [owners[option.name] ?? option.name, ...option.values].join(' ');
      return option.negated ? `! ${words}` : words;
    })
    .join(' ');
}
