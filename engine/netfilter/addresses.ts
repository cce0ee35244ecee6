/** Addresses and masks in the one canonical text each has: what inet_ntop(3) writes. */

import type { Family, Network } from './model.ts';

/** An IPv4 address as iptables reads it (missing octets are zero: `10.1` is 10.1.0.0) as a number, null when it is none. */
export function readIPv4(text: string): number | null {
  let value = 0;
  let octet = -1;
  let count = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? 46 : text.charCodeAt(at);
    if (code === 46) {
      if (octet < 0 || count === 4) return null;
      value = value * 256 + octet;
      octet = -1;
      count++;
    } else if (code >= 48 && code <= 57) {
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return null;
    } else return null;
  }
  return value * 256 ** (4 - count);
}

/** The dotted text of a 32-bit number. */
export function writeIPv4(value: number): string {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The eight groups of an IPv6 address, null when the text is none. */
export function readIPv6(text: string): number[] | null {
  if (text.length > 45 || !text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = readGroups(halves[0] ?? '');
  if (head === null) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  const tail = readGroups(halves[1] ?? '');
  if (tail === null || head.length + tail.length > 7) return null;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function readGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const value = index === parts.length - 1 && part.split('.').length === 4 ? readIPv4(part) : null;
      if (value === null) return null;
      groups.push(value >>> 16, value & 0xffff);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

/** The text of eight groups as RFC 5952 and glibc write it. */
export function writeIPv6(groups: readonly number[]): string {
  const run = longestZeroRun(groups);
  const dotted = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  if (dotted) {
    const last = ((groups[6] ?? 0) * 65536 + (groups[7] ?? 0)) >>> 0;
    return `::${run.length === 5 ? 'ffff:' : ''}${writeIPv4(last)}`;
  }
  const hex = (list: readonly number[]) => list.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let start = -1;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) {
      if (start < 0) start = index;
    } else if (start >= 0) {
      if (index - start > best.length) best = { start, length: index - start };
      start = -1;
    }
  }
  return best;
}

/** An address in canonical text, null when it is none of that family. */
export function canonicalAddress(text: string, family: Family): string | null {
  if (family === 'ipv4') {
    const value = readIPv4(text);
    return value === null ? null : writeIPv4(value);
  }
  const groups = readIPv6(text);
  return groups === null ? null : writeIPv6(groups);
}

/** `ADDRESS[/PREFIX|/MASK]` with host bits dropped, null when it is none of that family. */
export function readNetwork(text: string, family: Family): Network | null {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const mask = slash < 0 ? null : text.slice(slash + 1);
  return family === 'ipv4' ? readNetwork4(address, mask) : readNetwork6(address, mask);
}

function readNetwork4(addressText: string, maskText: string | null): Network | null {
  const address = readIPv4(addressText);
  if (address === null) return null;
  let mask = 0xffffffff;
  if (maskText !== null) {
    const prefix = readPrefix(maskText, 32);
    if (prefix !== null) mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
    else {
      const read = maskText.includes('.') ? readIPv4(maskText) : null;
      if (read === null) return null;
      mask = read;
    }
  }
  const ones = Math.clz32(~mask);
  const whole = mask === (ones === 0 ? 0 : (0xffffffff << (32 - ones)) >>> 0);
  return { address: writeIPv4((address & mask) >>> 0), mask: writeIPv4(mask), prefix: whole ? ones : null };
}

function readNetwork6(addressText: string, maskText: string | null): Network | null {
  const address = readIPv6(addressText);
  if (address === null) return null;
  const prefix = maskText === null ? 128 : readPrefix(maskText, 128);
  const mask = prefix === null ? readIPv6(maskText ?? '') : maskOfPrefix(prefix);
  if (mask === null) return null;
  return {
    address: writeIPv6(address.map((group, index) => group & (mask[index] ?? 0))),
    mask: writeIPv6(mask),
    prefix: prefix ?? prefixOfMask(mask),
  };
}

function readPrefix(text: string, most: number): number | null {
  if (text.length === 0 || text.length > 3) return null;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return null;
    value = value * 10 + code - 48;
  }
  return value <= most ? value : null;
}

function maskOfPrefix(prefix: number): number[] {
  return Array.from({ length: 8 }, (_, index) => {
    const bits = Math.min(16, Math.max(0, prefix - 16 * index));
    return (0xffff << (16 - bits)) & 0xffff;
  });
}

function prefixOfMask(mask: readonly number[]): number | null {
  let prefix = 0;
  for (const group of mask) prefix += Math.min(16, Math.clz32(~(group << 16)));
  const whole = maskOfPrefix(prefix);
  return mask.every((group, index) => group === whole[index]) ? prefix : null;
}
