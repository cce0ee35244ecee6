/** Statements of libnftables-json(5) as actions of iptables. */

import { canonicalAddress } from '../addresses.ts';
import { logLevels } from '../extensions/verdict-targets.ts';
import type { Action, Family, PortRange } from '../model.ts';
import { parseRule } from '../parse.ts';
import { dscpOf } from './json-fields.ts';
import { isObject, type Json, type JsonObject, objectIn, portRange } from './json-values.ts';

type Reader = (value: Json | undefined, family: Family) => Action;

const chainOf = (value: Json | undefined): string =>
  isObject(value) && typeof value.target === 'string' ? value.target : '';
const namesIn = (value: Json | undefined): string[] =>
  (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter(
    (one): one is string => typeof one === 'string',
  );

const readers: Readonly<Record<string, Reader>> = {
  accept: () => ({ kind: 'accept' }),
  drop: () => ({ kind: 'drop' }),
  return: () => ({ kind: 'return' }),
  continue: () => ({ kind: 'none' }),
  jump: (value) => ({ kind: 'jump', chain: chainOf(value) }),
  goto: (value) => ({ kind: 'goto', chain: chainOf(value) }),
  log,
  reject,
  masquerade: (value) => toHere('masquerade', value),
  redirect: (value) => toHere('redirect', value),
  dnat: (value, family) => toOther('dnat', value, family),
  snat: (value, family) => toOther('snat', value, family),
  mangle: (value) => mangle(isObject(value) ? value : {}),
  notrack: (_value, family) => parseRule('-j CT --notrack', family).action,
  'ct helper': (value) => ({
    kind: 'ct',
    options: [{ name: '--helper', values: [String(value)], negated: false }],
  }),
};

/** The action of a statement; null for a statement that is none. */
export function statementAction(name: string, value: Json | undefined, family: Family): Action | null {
  if (Object.hasOwn(readers, name)) return readers[name]?.(value, family) ?? null;
  const known = ['vmap', 'queue', 'dup', 'fwd', 'tproxy', 'synproxy', 'flow'];
  return known.includes(name) ? { kind: 'unseen', target: name } : null;
}

/** nft's names of the flags, and those of iptables. */
const logFlags: Readonly<Record<string, readonly string[]>> = {
  'tcp sequence': ['tcp-sequence'],
  'tcp options': ['tcp-options'],
  'ip options': ['ip-options'],
  skuid: ['uid'],
  ether: ['macdecode'],
  all: ['tcp-sequence', 'tcp-options', 'ip-options', 'uid', 'macdecode'],
};

function log(value: Json | undefined): Action {
  const options = isObject(value) ? value : {};
  const prefix = typeof options.prefix === 'string' ? options.prefix : '';
  if (typeof options.group === 'number') {
    const [size, threshold] = [options.snaplen, options['queue-threshold']].map((one) =>
      typeof one === 'number' ? one : null,
    );
    return { kind: 'nflog', group: options.group, prefix, size: size ?? null, threshold: threshold ?? null };
  }
  const flags = namesIn(options.flags).flatMap((flag) => logFlags[flag] ?? []);
  const wanted = options.level;
  const level =
    wanted === undefined
      ? 4
      : logLevels.findIndex((names) => names.some((name) => name === wanted || name === `${wanted}ing`));
  if (level < 0) return { kind: 'unseen', target: 'LOG' };
  return { kind: 'log', prefix, level, flags: flags.sort() };
}

/** nft's names of what is sent back; of icmpx those that both families have. */
const rejects: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  icmp: {
    'net-unreachable': 'icmp-net-unreachable',
    'host-unreachable': 'icmp-host-unreachable',
    'prot-unreachable': 'icmp-proto-unreachable',
    'port-unreachable': 'icmp-port-unreachable',
    'net-prohibited': 'icmp-net-prohibited',
    'host-prohibited': 'icmp-host-prohibited',
    'admin-prohibited': 'icmp-admin-prohibited',
  },
  icmpv6: {
    'no-route': 'icmp6-no-route',
    'admin-prohibited': 'icmp6-adm-prohibited',
    'addr-unreachable': 'icmp6-addr-unreachable',
    'port-unreachable': 'icmp6-port-unreachable',
    'policy-fail': 'icmp6-policy-fail',
    'reject-route': 'icmp6-reject-route',
  },
};
const icmpx: Readonly<Record<string, readonly [string, string]>> = {
  'no-route': ['icmp-net-unreachable', 'icmp6-no-route'],
  'port-unreachable': ['icmp-port-unreachable', 'icmp6-port-unreachable'],
  'host-unreachable': ['icmp-host-unreachable', 'icmp6-addr-unreachable'],
  'admin-prohibited': ['icmp-admin-prohibited', 'icmp6-adm-prohibited'],
};

function reject(value: Json | undefined, family: Family): Action {
  const options = isObject(value) ? value : {};
  const type = options.type === undefined ? 'icmpx' : String(options.type);
  if (type === 'tcp reset') return { kind: 'reject', with: 'tcp-reset' };
  const reason = options.expr === undefined ? 'port-unreachable' : String(options.expr);
  const name = type === 'icmpx' ? icmpx[reason]?.[family === 'ipv4' ? 0 : 1] : rejects[type]?.[reason];
  return name === undefined ? { kind: 'unseen', target: 'REJECT' } : { kind: 'reject', with: name };
}

const natFlags = (options: JsonObject): string[] =>
  namesIn(options.flags)
    .map((flag) => (flag === 'fully-random' ? 'random-fully' : flag))
    .sort();

/** The ports of a nat statement; undefined where they are not constants. */
function portsOf(options: JsonObject): PortRange | null | undefined {
  if (options.port === undefined) return null;
  return portRange(options.port) ?? undefined;
}

function toHere(kind: 'redirect' | 'masquerade', value: Json | undefined): Action {
  const options = isObject(value) ? value : {};
  const ports = portsOf(options);
  return ports === undefined
    ? { kind: 'unseen', target: kind.toUpperCase() }
    : { kind, ports, flags: natFlags(options) };
}

function toOther(kind: 'dnat' | 'snat', value: Json | undefined, family: Family): Action {
  const options = isObject(value) ? value : {};
  const ports = portsOf(options);
  const range =
    isObject(options.addr) && Array.isArray(options.addr.range) ? options.addr.range : [options.addr, options.addr];
  const [from, to] = range.map((one) => (typeof one === 'string' ? canonicalAddress(one, family) : null));
  if (options.addr === undefined && ports != null) return { kind, addresses: null, ports, flags: natFlags(options) };
  if (ports === undefined || from == null || to == null) return { kind: 'unseen', target: kind.toUpperCase() };
  return { kind, addresses: { from, to }, ports, flags: natFlags(options) };
}

/** `meta mark set`, `ip ttl set` and their like. */
function mangle({ key, value }: JsonObject): Action {
  const field = objectIn(key, 'payload');
  const number = typeof value === 'number' ? value : null;
  switch (
    `${objectIn(key, 'meta')?.key ?? ''} ${objectIn(key, 'ct')?.key ?? ''} ${field?.protocol ?? ''} ${field?.field ?? ''}`
  ) {
    case 'mark   ':
      return markAction('meta', value) ?? { kind: 'unseen', target: 'MARK' };
    case ' mark  ':
      return markAction('ct', value) ?? { kind: 'unseen', target: 'CONNMARK' };
    case 'nftrace   ':
      return number === 1 ? { kind: 'trace' } : { kind: 'unseen', target: 'nftrace' };
    case '  ip ttl':
      return number === null
        ? { kind: 'unseen', target: 'TTL' }
        : { kind: 'set-ttl', of: 'ttl', operation: 'set', by: number };
    case '  ip6 hoplimit':
      return number === null
        ? { kind: 'unseen', target: 'HL' }
        : { kind: 'set-ttl', of: 'hop-limit', operation: 'set', by: number };
    case '  ip dscp':
    case '  ip6 dscp': {
      const dscp = dscpOf(value ?? null);
      return typeof dscp === 'number' ? { kind: 'set-dscp', value: dscp } : { kind: 'unseen', target: 'DSCP' };
    }
  }
  const option = objectIn(key, 'tcp option');
  if (option?.name === 'maxseg' && option.field === 'size') {
    if (number !== null) return { kind: 'set-mss', mss: number };
    if (objectIn(value, 'rt')?.key === 'mtu') return { kind: 'set-mss', mss: null };
  }
  return { kind: 'unseen', target: 'mangle' };
}

/** new = (old & ~clear) ^ xor of the packet's mark or of its connection's, or the one copied to the other. */
function markAction(of: 'meta' | 'ct', value: Json | undefined): Action | null {
  const kind = of === 'meta' ? 'mark' : 'connmark';
  const all = 0xffff_ffff;
  if (objectIn(value, of === 'meta' ? 'ct' : 'meta')?.key === 'mark') {
    return { kind: of === 'meta' ? 'restore-mark' : 'save-mark', nfmask: all, ctmask: all };
  }
  const bits = bitwise(of, value);
  return bits === null ? null : { kind, clear: ~bits.and >>> 0, xor: bits.xor >>> 0 };
}

/** What becomes of the old value: (old & and) ^ xor. null where it is another value that is taken. */
function bitwise(of: 'meta' | 'ct', value: Json | undefined): { readonly and: number; readonly xor: number } | null {
  if (typeof value === 'number') return { and: 0, xor: value };
  if (objectIn(value, of)?.key === 'mark') return { and: 0xffff_ffff, xor: 0 };
  const [operation, operands] = Object.entries(isObject(value) ? value : {})[0] ?? [];
  if (!Array.isArray(operands) || operands.length !== 2) return null;
  const [first, bits] = operands as readonly Json[];
  const old = bitwise(of, first);
  if (old === null || typeof bits !== 'number') return null;
  if (operation === '|') return { and: old.and & ~bits, xor: (old.xor & ~bits) | bits };
  if (operation === '&') return { and: old.and & bits, xor: old.xor & bits };
  return operation === '^' ? { and: old.and, xor: old.xor ^ bits } : null;
}
