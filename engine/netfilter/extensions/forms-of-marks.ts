/** Values with masks: CONNMARK, TOS, TPROXY. All their forms say: clear these bits, then xor those. */

import type { Option } from '../model.ts';
import { type Form, has } from './option-edits.ts';

const full = 0xffffffff;

function numbers(option: Option, wholeMask: number): { bits: number; mask: number } {
  const [bits = '', mask] = (option.values[0] ?? '').split('/');
  return { bits: Number(bits), mask: mask === undefined ? wholeMask : Number(mask) };
}

/** `name` with `XOR/CLEAR` in place of any of its sisters; other options stay. */
function setting(name: string, option: Option, wholeMask: number): Option {
  const { bits, mask } = numbers(option, wholeMask);
  if (Number.isNaN(bits) || Number.isNaN(mask)) return option;
  const verb = /^--(set-x|set|and|or|xor)/.exec(option.name)?.[1];
  const to = (xor: number, clear: number): Option => ({
    name,
    values: [`${xor >>> 0}/${clear >>> 0}`],
    negated: false,
  });
  switch (verb) {
    case 'and':
      return to(0, ~bits & wholeMask);
    case 'or':
      return to(bits, bits);
    case 'xor':
      return to(bits, 0);
    case 'set':
      return to(bits, mask | bits);
    default:
      return to(bits, mask);
  }
}

const connmark: Form = (options) => {
  if (has(options, '--save-mark') || has(options, '--restore-mark')) {
    const mask = options.find((option) => option.name === '--mask')?.values[0] ?? '0xffffffff';
    const masks = ['--nfmask', '--ctmask'].filter((name) => !has(options, name));
    const rest = options.filter((option) => option.name !== '--mask');
    return [...rest, ...masks.map((name) => ({ name, values: [mask], negated: false }))];
  }
  const set = /^--(set-xmark|set-mark|and-mark|or-mark|xor-mark)$/;
  return options.map((option) => (set.test(option.name) ? setting('--set-xmark', option, full) : option));
};

/** Names of libxt_TOS; they stand for the bits of RFC 1349. */
const tosNames: Readonly<Record<string, number>> = {
  'minimize-delay': 0x10,
  'maximize-throughput': 0x08,
  'maximize-reliability': 0x04,
  'minimize-cost': 0x02,
  'normal-service': 0x00,
};

function tosOption(option: Option): Option {
  const named = tosNames[(option.values[0] ?? '').toLowerCase()];
  if (named !== undefined) return { ...option, values: [`${named}/63`] };
  const { bits, mask } = numbers(option, 0xff);
  return Number.isNaN(bits) || Number.isNaN(mask) ? option : { ...option, values: [`${bits}/${mask}`] };
}

const tosMatch: Form = (options) => options.map((option) => (option.name === '--tos' ? tosOption(option) : option));

const tosTarget: Form = (options) =>
  options.map((option) => (option.name === '--set-tos' ? tosOption(option) : setting('--set-tos', option, 0xff)));

export const markForms = { connmark, tosMatch, tosTarget };
