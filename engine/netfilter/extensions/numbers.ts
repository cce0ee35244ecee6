/** Numbers, ports and ranges as xtables reads them. */

import type { PortRange } from '../model.ts';
import { servicePort } from '../service-names.ts';
import { badValue, type ReadOption } from './extension.ts';

/** An unsigned number of at most `most`, decimal, 0x hexadecimal or 0 octal as strtoul(3) with base 0 reads it; else null. */
export function readNumber(text: string, most: number): number | null {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return null;
  const octal = text.length > 1 && text.startsWith('0') && !/^0x/i.test(text);
  if (octal && /[89]/.test(text)) return null;
  const value = octal ? Number.parseInt(text, 8) : Number(text);
  return value <= most ? value : null;
}

/** `readNumber` of an option's value, or the error that names it. */
export function numberOf(option: ReadOption, most: number, text = option.values[0] ?? ''): number {
  const value = readNumber(text, most);
  if (value === null) throw badValue(option, `a number from 0 to ${most}`);
  return value;
}

/** A port by number or service name. */
export function readPort(text: string): number | null {
  const plain = /^\d{1,5}$/.test(text) ? Number(text) : readNumber(text, 65535);
  if (plain !== null) return plain <= 65535 ? plain : null;
  return servicePort(text);
}

/** `PORT`, `FROM:TO`, `:TO`, `FROM:`; either end may be a service name. `between` separates the ends. */
export function readPortRange(text: string, between: ':' | '-'): PortRange | null {
  const whole = readPort(text);
  if (whole !== null) return { from: whole, to: whole };
  const at = text.indexOf(between);
  if (at < 0) return null;
  const from = at === 0 ? 0 : readPort(text.slice(0, at));
  const to = at === text.length - 1 ? 65535 : readPort(text.slice(at + 1));
  return from === null || to === null || from > to ? null : { from, to };
}

/** The range of an option's value, or the error that names it. */
export function portRangeOf(option: ReadOption, between: ':' | '-', text = option.values[0] ?? ''): PortRange {
  const range = readPortRange(text, between);
  if (range === null) throw badValue(option, `a port (0-65535 or a service name) or a range FROM${between}TO`);
  return range;
}

/** Ranges sorted, merged where they touch. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const sorted = [...ranges].sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

/** `VALUE[/MASK]` of 32 bits. */
export function markOf(option: ReadOption): { value: number; mask: number } {
  const [value = '', mask] = (option.values[0] ?? '').split('/');
  return {
    value: numberOf(option, 0xffffffff, value),
    mask: mask === undefined ? 0xffffffff : numberOf(option, 0xffffffff, mask),
  };
}
