/** Targets that change the packet or its connection, or hand it to somebody, beside NAT and MARK. */

import { canonicalAddress, readNetwork } from '../addresses.ts';
import type { Action } from '../model.ts';
import { firstValue, type ReadOption, type RuleContext, type TargetExtension } from './extension.ts';
import { targetForm } from './forms.ts';
import { readNumber, readPort } from './numbers.ts';
import { opaqueOptions } from './opaque.ts';
import { readSides } from './packet-matches.ts';
import { typedTarget } from './typed.ts';

type Options = readonly ReadOption[];

const has = (options: Options, name: string): boolean => options.some((option) => option.name === name);

/** The number of an option that stands once at most: null where it is missing, NaN where it is none. */
function numberAt(options: Options, name: string, most: number): number | null {
  const option = options.findLast((one) => one.name === name);
  return option === undefined ? null : (readNumber(firstValue(option), most) ?? Number.NaN);
}

/** `VALUE/MASK` of the only option in the form that the kernel's state prints as. */
function pairOf(target: string, options: Options, { family }: RuleContext): readonly [number, number] | null {
  const [option, ...more] = targetForm(target, options, family);
  const [first = '', second = ''] = (option?.values[0] ?? '').split('/');
  const pair = [readNumber(first, 0xffffffff), readNumber(second, 0xffffffff)] as const;
  return more.length > 0 || pair[0] === null || pair[1] === null ? null : [pair[0], pair[1]];
}

function connmark(options: Options, context: RuleContext): Action | null {
  const kind = has(options, '--save-mark') ? 'save-mark' : has(options, '--restore-mark') ? 'restore-mark' : null;
  if (kind === null) {
    const pair = pairOf('CONNMARK', options, context);
    return pair === null ? null : { kind: 'connmark', clear: pair[1], xor: pair[0] };
  }
  if (options.some(({ name }) => !/^--((save|restore)-mark|(nf|ct)?mask)$/.test(name))) return null;
  const both = numberAt(options, '--mask', 0xffffffff);
  const nfmask = numberAt(options, '--nfmask', 0xffffffff) ?? both ?? 0xffffffff;
  const ctmask = numberAt(options, '--ctmask', 0xffffffff) ?? both ?? 0xffffffff;
  return Number.isNaN(nfmask + ctmask) ? null : { kind, nfmask, ctmask };
}

function nflog(options: Options): Action | null {
  const prefix = options.findLast((option) => option.name === '--nflog-prefix');
  const group = numberAt(options, '--nflog-group', 65535) ?? 0;
  const numbers = {
    size: numberAt(options, '--nflog-size', 0xffffffff),
    threshold: numberAt(options, '--nflog-threshold', 65535),
  };
  if ([group, ...Object.values(numbers)].some(Number.isNaN)) return null;
  // A threshold of 0 is none. --nflog-range has never done anything (iptables-extensions(8)).
  const threshold = numbers.threshold === 0 ? null : numbers.threshold;
  return {
    kind: 'nflog',
    group,
    prefix: prefix === undefined ? '' : firstValue(prefix),
    size: numbers.size,
    threshold,
  };
}

const timeToLive =
  (of: 'ttl' | 'hop-limit') =>
  (options: Options): Action | null => {
    const [option, ...more] = options;
    const operation = /-(set|dec|inc)$/.exec(option?.name ?? '')?.[1];
    const by = option === undefined ? null : readNumber(firstValue(option), 255);
    if (by === null || more.length > 0) return null;
    return operation === 'set' || operation === 'dec' || operation === 'inc'
      ? { kind: 'set-ttl', of, operation, by }
      : null;
  };

function setEntry(options: Options): Action | null {
  const changes = options.filter((option) => /^--(add|del)-set$/.test(option.name));
  const [change] = changes;
  const sides = readSides(change?.values[1] ?? '');
  const timeout = numberAt(options, '--timeout', 0xffffffff);
  if (change === undefined || changes.length > 1 || sides === null || Number.isNaN(timeout)) return null;
  if (options.some(({ name }) => name.startsWith('--map'))) return null;
  const operation = change.name === '--add-set' ? 'add' : 'del';
  return { kind: 'set-entry', operation, set: change.values[0] ?? '', sides, timeout, exist: has(options, '--exist') };
}

function tproxy(options: Options, { family }: RuleContext): Action | null {
  const on = options.findLast((option) => option.name === '--on-port');
  const port = on === undefined ? null : readPort(firstValue(on));
  const ip = options.find((option) => option.name === '--on-ip');
  const address = canonicalAddress(ip === undefined ? (family === 'ipv4' ? '0.0.0.0' : '::') : firstValue(ip), family);
  const text = options.find((option) => option.name === '--tproxy-mark')?.values[0] ?? '0/0';
  const [value = '', mask = '0xffffffff'] = text.split('/');
  const mark = { value: readNumber(value, 0xffffffff), mask: readNumber(mask, 0xffffffff) };
  if (port === null || address === null || mark.value === null || mark.mask === null) return null;
  return { kind: 'tproxy', port, address, mark: { value: mark.value, mask: mark.mask } };
}

function classify(options: Options): Action | null {
  const [option] = options;
  const match = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(option === undefined ? '' : firstValue(option));
  if (match === null) return null;
  return { kind: 'classify', major: Number.parseInt(match[1] ?? '', 16), minor: Number.parseInt(match[2] ?? '', 16) };
}

function netmap(options: Options, { family }: RuleContext): Action | null {
  const [option] = options;
  const network = option === undefined ? null : readNetwork(firstValue(option), family);
  return network === null ? null : { kind: 'netmap', network };
}

function mss(options: Options): Action | null {
  if (has(options, '--clamp-mss-to-pmtu')) return { kind: 'set-mss', mss: null };
  const value = numberAt(options, '--set-mss', 65535);
  return value === null || Number.isNaN(value) ? null : { kind: 'set-mss', mss: value };
}

function dscp(options: Options, { family }: RuleContext): Action | null {
  const value = readNumber(targetForm('DSCP', options, family)[0]?.values[0] ?? '', 63);
  return value === null ? null : { kind: 'set-dscp', value };
}

function tos(options: Options, context: RuleContext): Action | null {
  const pair = pairOf('TOS', options, context);
  return pair === null || pair[0] > 255 || pair[1] > 255 ? null : { kind: 'set-tos', clear: pair[1], xor: pair[0] };
}

function ct(options: Options): Action {
  if (has(options, '--notrack') && options.length === 1) return { kind: 'notrack' };
  return { kind: 'ct', options: opaqueOptions(options, targetForm('CT', options, 'ipv4')).options };
}

export const packetTargets: readonly TargetExtension[] = [
  typedTarget('CLASSIFY', '--set-class=1', classify),
  typedTarget(
    'CONNMARK',
    '--set-xmark=1 --set-mark=1 --and-mark=1 --or-mark=1 --xor-mark=1 --save-mark --restore-mark --mask=1 --nfmask=1 --ctmask=1 --left-shift-mark=1 --right-shift-mark=1',
    connmark,
  ),
  typedTarget(
    'CT',
    '--notrack --helper=1 --ctevents=1 --expevents=1 --zone=1 --zone-orig=1 --zone-reply=1 --timeout=1',
    ct,
  ),
  typedTarget('DSCP', '--set-dscp=1 --set-dscp-class=1', dscp),
  typedTarget('HL', '--hl-set=1 --hl-dec=1 --hl-inc=1', timeToLive('hop-limit')),
  typedTarget('NETMAP', '--to=1', netmap),
  typedTarget('NFLOG', '--nflog-group=1 --nflog-range=1 --nflog-size=1 --nflog-threshold=1 --nflog-prefix=1', nflog),
  typedTarget('NOTRACK', '', () => ({ kind: 'notrack' })),
  typedTarget(
    'SET',
    '--add-set=2 --del-set=2 --map-set=2 --timeout=1 --exist --map-mark --map-prio --map-queue',
    setEntry,
  ),
  typedTarget('TCPMSS', '--set-mss=1 --clamp-mss-to-pmtu', mss),
  typedTarget('TOS', '--set-tos=1 --and-tos=1 --or-tos=1 --xor-tos=1', tos),
  typedTarget('TPROXY', '--on-port=1 --on-ip=1 --tproxy-mark=1', tproxy),
  typedTarget('TRACE', '', () => ({ kind: 'trace' })),
  typedTarget('TTL', '--ttl-set=1 --ttl-dec=1 --ttl-inc=1', timeToLive('ttl')),
];
