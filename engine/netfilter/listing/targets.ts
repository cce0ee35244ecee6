/** What `iptables -L -n` prints for a target (print() of each iptables/extensions/libxt_*.c and libipt_*.c). */

import type { Option } from '../model.ts';
import { plainOption } from './matches.ts';
import type { Part } from './part.ts';

/** The text behind the matches; empty for a target that says no more than its name. */
export function listTarget({ name, options }: Part): string {
  const print = Object.hasOwn(printers, name) ? printers[name] : undefined;
  if (print !== undefined) return print(options);
  return options.length === 0 ? '' : [name, ...options.map(plainOption)].join(' ');
}

type Printer = (options: readonly Option[]) => string;

const value = (option: Option | undefined): string => option?.values.join(' ') ?? '';
const words: Printer = (options) => options.map(plainOption).join(' ');

/** --to-destination and its like, then the flags. */
const translated: Printer = (options) =>
  options.map((option) => (option.name.startsWith('to') ? `to:${value(option)}` : option.name)).join(' ');

const ported =
  (title: string): Printer =>
  (options) =>
    options.map((option) => (option.name === 'to-ports' ? `${title} ${value(option)}` : option.name)).join(' ');

const hops =
  (title: string): Printer =>
  (options) =>
    options
      .map((option) => `${title} ${verbs[option.name.split('-')[1] ?? ''] ?? option.name} ${value(option)}`)
      .join(' ');

const verbs: Readonly<Record<string, string>> = { set: 'set to', dec: 'decrement by', inc: 'increment by' };
const logFlags: Readonly<Record<string, number>> = {
  'log-tcp-sequence': 1,
  'log-tcp-options': 2,
  'log-ip-options': 4,
  'log-uid': 8,
  'log-macdecode': 32,
};

const printers: Readonly<Record<string, Printer>> = {
  REJECT: words,
  LOG: (options) => {
    const of = (name: string) => options.find((option) => option.name === name);
    const flags = options.reduce((sum, option) => sum | (logFlags[option.name] ?? 0), 0);
    const prefix = of('log-prefix');
    return `LOG flags ${flags} level ${value(of('log-level')) || '4'}${prefix ? ` prefix "${value(prefix)}"` : ''}`;
  },
  NFLOG: words,
  NFQUEUE: (options) =>
    ['NFQUEUE', ...options.map((option) => plainOption({ ...option, name: option.name.replace(/^queue-/, '') }))].join(
      ' ',
    ),
  REDIRECT: ported('redir ports'),
  MASQUERADE: ported('masq ports:'),
  DNAT: translated,
  SNAT: translated,
  NETMAP: translated,
  MARK: (options) => options.map((option) => `MARK ${markText(value(option))}`).join(' '),
  CONNMARK: connectionMark,
  TTL: hops('TTL'),
  HL: hops('HL'),
  TCPMSS: (options) =>
    options
      .map((option) => (option.name === 'set-mss' ? `TCPMSS set ${value(option)}` : 'TCPMSS clamp to PMTU'))
      .join(' '),
  CLASSIFY: (options) =>
    options
      .map((option) => {
        const numbers = value(option).split(':');
        return `CLASSIFY set ${numbers.map((text) => Number.parseInt(text, 16).toString(16)).join(':')}`;
      })
      .join(' '),
  DSCP: (options) => options.map((option) => `DSCP set ${value(option)}`).join(' '),
  TOS: (options) => options.map((option) => `TOS set ${value(option)}`).join(' '),
  ECN: () => 'ECN TCP remove',
  TPROXY: (options) => {
    const of = (name: string) => value(options.find((option) => option.name === name));
    return `TPROXY redirect ${of('on-ip')}:${of('on-port')} mark ${of('tproxy-mark')}`;
  },
  CHECKSUM: () => 'CHECKSUM fill',
  AUDIT: (options) => options.map((option) => `AUDIT ${value(option)}`).join(' '),
  SET: words,
  NOTRACK: () => 'NOTRACK',
};

/** --set-xmark VALUE/MASK as the shortest of set, and, or, xor, xset. */
function markText(text: string): string {
  const [valueText = '0', maskText = '0xffffffff'] = text.split('/');
  const [bits, mask] = [Number(valueText) >>> 0, Number(maskText) >>> 0];
  const hex = (number: number) => `0x${(number >>> 0).toString(16)}`;
  if (bits === 0) return `and ${hex(~mask)}`;
  if (bits === mask) return `or ${hex(bits)}`;
  if (mask === 0) return `xor ${hex(bits)}`;
  if (mask === 0xffffffff) return `set ${hex(bits)}`;
  return `xset ${hex(bits)}/${hex(mask)}`;
}

function connectionMark(options: readonly Option[]): string {
  const of = (name: string) => options.find((option) => option.name === name);
  const set = of('set-xmark');
  if (set) return `CONNMARK ${markText(value(set))}`;
  const saves = of('save-mark') !== undefined;
  const [packet, connection] = [value(of('nfmask')), value(of('ctmask'))];
  const verb = `CONNMARK ${saves ? 'save' : 'restore'}`;
  if (packet === connection) return packet === '0xffffffff' ? verb : `${verb} mask ${packet}`;
  return saves ? `${verb} nfmask ${packet} ctmask ~${connection}` : `${verb} ctmask ${connection} nfmask ~${packet}`;
}
