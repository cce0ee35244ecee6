/** What a rule does, in nft's words. */

import { logLevels } from '../extensions/verdict-targets.ts';
import type { Action, Family, PortRange } from '../model.ts';

/** The text; '' for none; null where nft has none that does the same. */
export function actionToNft(action: Action, family: Family): string | null {
  switch (action.kind) {
    case 'none':
      return '';
    case 'accept':
    case 'drop':
    case 'return':
      return action.kind;
    case 'jump':
    case 'goto':
      return `${action.kind} ${action.chain}`;
    case 'reject':
      return rejectText(action.with, family);
    case 'log':
      return logText(action);
    case 'masquerade':
    case 'redirect':
      return [
        action.kind,
        ...(action.ports === null ? [] : [`to :${portText(action.ports)}`]),
        ...natFlags(action.flags),
      ].join(' ');
    case 'snat':
    case 'dnat':
      return [`${action.kind} to ${target(action, family)}`, ...natFlags(action.flags)].join(' ');
    case 'mark':
      return `meta mark set ${markText('mark', action)}`;
    case 'connmark':
      return `ct mark set ${markText('ct mark', action)}`;
    case 'save-mark':
      return whole(action) ? 'ct mark set mark' : null;
    case 'restore-mark':
      return whole(action) ? 'meta mark set ct mark' : null;
    case 'netmap':
      return null;
    case 'nflog':
      return nflogText(action);
    case 'set-ttl':
      return action.operation === 'set' ? `${action.of === 'ttl' ? 'ip ttl' : 'ip6 hoplimit'} set ${action.by}` : null;
    case 'set-mss':
      return `tcp option maxseg size set ${action.mss ?? 'rt mtu'}`;
    case 'set-dscp':
      return `${family === 'ipv4' ? 'ip' : 'ip6'} dscp set 0x${action.value.toString(16).padStart(2, '0')}`;
    case 'notrack':
      return 'notrack';
    case 'trace':
      return 'nftrace set 1';
    case 'classify':
      return `meta priority set ${action.major.toString(16)}:${action.minor.toString(16)}`;
    case 'several': {
      const texts = action.actions.map((one) => actionToNft(one, family));
      return texts.every((text) => text !== null) ? texts.join(' ') : null;
    }
    case 'set-tos':
    case 'ct':
    case 'set-entry':
    case 'tproxy':
    case 'opaque':
    case 'unseen':
      return null;
  }
}

const allBits = 0xffffffff;
const whole = ({ nfmask, ctmask }: { nfmask: number; ctmask: number }): boolean =>
  nfmask === allBits && ctmask === allBits;

/** The old option `range` counts for nothing. */
function nflogText({ group, prefix, size, threshold }: Extract<Action, { kind: 'nflog' }>): string {
  return [
    'log',
    ...(prefix === '' ? [] : [`prefix "${prefix}"`]),
    ...(size === null ? [] : [`snaplen ${size}`]),
    ...(threshold === null ? [] : [`queue-threshold ${threshold}`]),
    `group ${group}`,
  ].join(' ');
}

const portText = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);

/** iptables' flags by nft's names. */
const natFlags = (flags: readonly string[]): string[] =>
  flags.map((flag) => (flag === 'random-fully' ? 'fully-random' : flag));

function target({ addresses, ports }: Extract<Action, { kind: 'snat' | 'dnat' }>, family: Family): string {
  const end = ports === null ? '' : `:${portText(ports)}`;
  if (addresses === null) return end;
  const one = (address: string) => (family === 'ipv6' && end !== '' ? `[${address}]` : address);
  const { from, to } = addresses;
  return `${from === to ? one(from) : `${one(from)}-${one(to)}`}${end}`;
}

const rejects: Readonly<Record<string, string>> = {
  'icmp-net-unreachable': 'icmp type net-unreachable',
  'icmp-host-unreachable': 'icmp type host-unreachable',
  'icmp-proto-unreachable': 'icmp type prot-unreachable',
  'icmp-net-prohibited': 'icmp type net-prohibited',
  'icmp-host-prohibited': 'icmp type host-prohibited',
  'icmp-admin-prohibited': 'icmp type admin-prohibited',
  'icmp6-no-route': 'icmpv6 type no-route',
  'icmp6-adm-prohibited': 'icmpv6 type admin-prohibited',
  'icmp6-addr-unreachable': 'icmpv6 type addr-unreachable',
  'icmp6-policy-fail': 'icmpv6 type policy-fail',
  'icmp6-reject-route': 'icmpv6 type reject-route',
  'tcp-reset': 'tcp reset',
};

/** Port unreachable is what both send where nothing is said. */
function rejectText(reason: string, family: Family): string | null {
  if (reason === '' || reason === (family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'))
    return 'reject';
  const text = rejects[reason];
  return text === undefined ? null : `reject with ${text}`;
}

const logFlags: Readonly<Record<string, string>> = {
  'tcp-sequence': 'tcp sequence',
  'tcp-options': 'tcp options',
  'ip-options': 'ip options',
  uid: 'skuid',
  macdecode: 'ether',
};

function logText({ prefix, level, flags }: Extract<Action, { kind: 'log' }>): string | null {
  const named = level === 4 ? [] : [`level ${levelName(level)}`];
  const asked = flags.map((flag) => logFlags[flag]);
  if (asked.some((flag) => flag === undefined)) return null;
  return [
    'log',
    ...(prefix === '' ? [] : [`prefix "${prefix}"`]),
    ...named,
    ...asked.map((flag) => `flags ${flag}`),
  ].join(' ');
}

/** nft's names of syslog(3)'s levels. */
function levelName(level: number): string {
  const nft = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];
  return nft[level] ?? logLevels[level]?.[0] ?? String(level);
}

/** new = (old & ~clear) ^ xor. */
function markText(key: string, { clear, xor }: { clear: number; xor: number }): string {
  const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;
  if (clear === 0xffffffff) return hex(xor);
  if (clear === 0) return `${key} xor ${hex(xor)}`;
  if (xor === 0) return `${key} and ${hex(~clear)}`;
  if (clear === xor) return `${key} or ${hex(xor)}`;
  return `${key} and ${hex(~clear)} xor ${hex(xor)}`;
}
