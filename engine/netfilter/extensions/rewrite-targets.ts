/** Targets that change the packet: NAT and MARK. */

import { canonicalAddress } from '../addresses.ts';
import type { Action, Family, PortRange } from '../model.ts';
import {
  badValue,
  firstValue,
  optionTable,
  type ReadOption,
  type RuleContext,
  type TargetExtension,
} from './extension.ts';
import { markOf, numberOf, portRangeOf, readPortRange } from './numbers.ts';
import { opaqueOptions } from './opaque.ts';

/** Options without a value, their dashes taken off, sorted. */
function flagsOf(options: readonly ReadOption[]): string[] {
  const flags = options.filter((option) => option.values.length === 0).map((option) => option.name.slice(2));
  return [...new Set(flags)].sort();
}

function portsOf(options: readonly ReadOption[]): PortRange | null {
  const option = options.find((candidate) => candidate.name === '--to-ports');
  return option === undefined ? null : portRangeOf(option, '-');
}

interface Destination {
  readonly addresses: { readonly from: string; readonly to: string } | null;
  readonly ports: PortRange | null;
}

/** `ADDRESS[-ADDRESS][:PORT[-PORT]]`; IPv6 addresses stand in brackets when ports follow. Null for what is none. */
function readDestination(text: string, family: Family): Destination | null {
  const at = endOfAddress(text, family);
  const addressText = text.slice(0, at).replace(/[[\]]/g, '');
  const portText = text.slice(at + 1);
  const ports = at === text.length ? null : readPortRange(portText, '-');
  if (at < text.length && ports === null) return null;
  if (addressText === '') return ports === null ? null : { addresses: null, ports };
  const [first = '', last = first] = addressText.split('-');
  const from = canonicalAddress(first, family);
  const to = canonicalAddress(last, family);
  return from === null || to === null ? null : { addresses: { from, to }, ports };
}

function endOfAddress(text: string, family: Family): number {
  if (family === 'ipv4') return text.includes(':') ? text.indexOf(':') : text.length;
  if (!text.includes('[')) {
    // libxt_NAT: one colon alone is that of a port.
    const colon = text.indexOf(':');
    return colon >= 0 && !text.includes(':', colon + 1) ? colon : text.length;
  }
  const close = text.lastIndexOf(']');
  return text.charAt(close + 1) === ':' ? close + 1 : text.length;
}

function translate(
  kind: 'dnat' | 'snat',
  name: string,
): (options: readonly ReadOption[], context: RuleContext) => Action {
  return (options, { family }) => {
    const targets = options.filter((option) => option.name === name);
    const [option] = targets;
    // Kernels before 2.6.11 took several; a port shift (`:80-90/8080`) has no typed form.
    if (option === undefined || targets.length > 1 || /\/\d+$/.test(firstValue(option))) {
      return { kind: 'opaque', target: kind.toUpperCase(), ...opaqueOptions(options) };
    }
    const read = readDestination(firstValue(option), family);
    if (read === null) throw badValue(option, 'ADDRESS[-ADDRESS][:PORT[-PORT]]');
    return { kind, ...read, flags: flagsOf(options) };
  };
}

function mark(options: readonly ReadOption[]): Action {
  const option = options.at(-1);
  if (option === undefined) return { kind: 'opaque', target: 'MARK', options: [] };
  switch (option.name) {
    case '--set-xmark': {
      const { value, mask } = markOf(option);
      return { kind: 'mark', clear: mask, xor: value };
    }
    case '--set-mark': {
      const { value, mask } = markOf(option);
      return { kind: 'mark', clear: (mask | value) >>> 0, xor: value };
    }
    case '--and-mark':
      return { kind: 'mark', clear: ~numberOf(option, 0xffffffff) >>> 0, xor: 0 };
    case '--or-mark': {
      const bits = numberOf(option, 0xffffffff);
      return { kind: 'mark', clear: bits, xor: bits };
    }
    default:
      return { kind: 'mark', clear: 0, xor: numberOf(option, 0xffffffff) };
  }
}

export const rewriteTargets: readonly TargetExtension[] = [
  {
    name: 'REDIRECT',
    options: optionTable('--to-ports=1 --random'),
    read: (options) => ({ kind: 'redirect', ports: portsOf(options), flags: flagsOf(options) }),
  },
  {
    name: 'MASQUERADE',
    options: optionTable('--to-ports=1 --random --random-fully'),
    read: (options) => ({ kind: 'masquerade', ports: portsOf(options), flags: flagsOf(options) }),
  },
  {
    name: 'DNAT',
    options: optionTable('--to-destination=1 --random --persistent'),
    read: translate('dnat', '--to-destination'),
  },
  {
    name: 'SNAT',
    options: optionTable('--to-source=1 --random --random-fully --persistent'),
    read: translate('snat', '--to-source'),
  },
  {
    name: 'MARK',
    options: optionTable('--set-xmark=1 --set-mark=1 --and-mark=1 --or-mark=1 --xor-mark=1'),
    read: mark,
  },
];
