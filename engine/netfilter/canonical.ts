/** A rule's meaning as the words that iptables-save of iptables 1.8 prints for it. */

import { type Piece, packetActionWords, packetPiece } from './canonical-packet.ts';
import { stateOrder } from './extensions/connection-matches.ts';
import { flagNames } from './extensions/transport.ts';
import type { Action, Condition, Option, PortRange, Rule } from './model.ts';
import { protocolName } from './protocols.ts';

/** The words iptables-save of today would print for the rule: addresses, interfaces, protocol, matches as read, target. */
export function canonicalWords(rule: Rule): string[] {
  const protocol = rule.conditions.find((condition) => condition.kind === 'protocol' && !condition.negated);
  const number = protocol?.kind === 'protocol' ? protocol.protocol : null;
  const words: string[] = [];
  let open = '';
  /** Options behind the last -m. */
  const behind = new Set<string>();
  for (const condition of [...rule.conditions].sort((a, b) => rank(a) - rank(b))) {
    if (alwaysHolds(condition)) continue;
    const { module, words: own } = piece(condition, number);
    // --limit-iface-in speaks of all that stands behind its -m, and an option stands there once.
    const fits = joins.has(module) && module === open && !own.some((word) => behind.has(word) || isLimit(word));
    if (module !== '' && (!fits || behind.has('limit'))) {
      words.push('-m', module);
      behind.clear();
    }
    open = module;
    for (const word of own) if (word.startsWith('--')) behind.add(isLimit(word) ? 'limit' : word);
    words.push(...own);
  }
  return [...words, ...actionWords(rule.action)];
}

const isLimit = (word: string): boolean => word.startsWith('--limit-iface-');

/** Conditions that iptables-save leaves out. */
function alwaysHolds(condition: Condition): boolean {
  if ('negated' in condition && condition.negated) return false;
  switch (condition.kind) {
    case 'protocol':
      return condition.protocol === 0;
    case 'source':
    case 'destination':
      return condition.network.prefix === 0;
    case 'in-interface':
    case 'out-interface':
      return condition.name === '+';
    case 'source-port':
    case 'destination-port':
      return condition.ranges.length === 1 && condition.ranges[0]?.from === 0 && condition.ranges[0].to === 65535;
    default:
      return false;
  }
}

/** Modules whose options of neighbouring conditions stand behind one -m. */
const joins: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'udplite',
  'sctp',
  'dccp',
  'addrtype',
  'conntrack',
  'iprange',
  'owner',
  'physdev',
]);

const ranks: readonly Condition['kind'][] = [
  'source',
  'destination',
  'in-interface',
  'out-interface',
  'protocol',
  'fragment',
];

function rank(condition: Condition): number {
  const at = ranks.indexOf(condition.kind);
  return at < 0 ? ranks.length : at;
}

function piece(condition: Condition, protocol: number | null): Piece {
  switch (condition.kind) {
    case 'protocol':
      return plain(condition.negated, '-p', protocolWord(condition.protocol));
    case 'source':
    case 'destination': {
      const { address, mask, prefix } = condition.network;
      return plain(condition.negated, condition.kind === 'source' ? '-s' : '-d', `${address}/${prefix ?? mask}`);
    }
    case 'in-interface':
      return plain(condition.negated, '-i', condition.name);
    case 'out-interface':
      return plain(condition.negated, '-o', condition.name);
    case 'fragment':
      return plain(condition.negated, '-f');
    case 'source-port':
    case 'destination-port':
    case 'either-port':
      return ports(condition.kind, condition.ranges, condition.negated, protocol);
    case 'tcp-flags':
      return match('tcp', condition.negated, '--tcp-flags', flagText(condition.mask), flagText(condition.set));
    case 'icmp-type': {
      const { type, code } = condition;
      const value =
        type === 255 && code === null
          ? 'any'
          : code === null || code.from !== code.to
            ? `${type}`
            : `${type}/${code.from}`;
      const six = protocol === 58;
      return match(six ? 'icmp6' : 'icmp', condition.negated, six ? '--icmpv6-type' : '--icmp-type', value);
    }
    case 'conntrack-state': {
      const states = stateOrder.filter((state) => condition.states.includes(state));
      return match('conntrack', condition.negated, '--ctstate', states.join(','));
    }
    case 'mark':
    case 'connmark':
      return match(condition.kind, condition.negated, '--mark', markText(condition.value, condition.mask));
    case 'address-type': {
      const option = condition.side === 'source' ? '--src-type' : '--dst-type';
      const piece = match('addrtype', condition.negated, option, condition.types.join(','));
      return condition.limit === undefined
        ? piece
        : { ...piece, words: [...piece.words, `--limit-iface-${condition.limit}`] };
    }
    case 'comment':
      return match('comment', false, '--comment', condition.text);
    case 'limit': {
      const burst = condition.burst === 5 ? [] : ['--limit-burst', String(condition.burst)];
      return { module: 'limit', words: ['--limit', rateText(condition.perSecond), ...burst] };
    }
    case 'statistic': {
      const not = condition.negated ? ['!'] : [];
      if (condition.mode === 'random') {
        return match(
          'statistic',
          false,
          '--mode',
          'random',
          ...not,
          '--probability',
          condition.probability.toFixed(11),
        );
      }
      const { every, packet } = condition;
      return match('statistic', false, '--mode', 'nth', ...not, '--every', String(every), '--packet', String(packet));
    }
    case 'opaque':
      return {
        module: condition.module === 'hostname' ? '' : condition.module,
        words: optionWords(condition.written ?? condition.options),
      };
    case 'unseen':
      return { module: condition.module, words: [] };
    default:
      return packetPiece(condition);
  }
}

function plain(negated: boolean, ...words: string[]): Piece {
  return { module: '', words: negated ? ['!', ...words] : words };
}

function match(module: string, negated: boolean, ...words: string[]): Piece {
  return { module, words: negated ? ['!', ...words] : words };
}

function protocolWord(protocol: number): string {
  return protocol === 0 ? 'all' : protocolName(protocol);
}

/** The protocols whose own match has --sport and --dport. */
const portModules: ReadonlyMap<number, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [132, 'sctp'],
  [136, 'udplite'],
]);

function ports(
  kind: 'source-port' | 'destination-port' | 'either-port',
  ranges: readonly PortRange[],
  negated: boolean,
  protocol: number | null,
): Piece {
  const module = protocol === null ? undefined : portModules.get(protocol);
  const value = ranges.map((range) => rangeText(range, ':')).join(',');
  if (module !== undefined && ranges.length === 1 && kind !== 'either-port') {
    return match(module, negated, kind === 'source-port' ? '--sport' : '--dport', value);
  }
  const option = kind === 'source-port' ? '--sports' : kind === 'destination-port' ? '--dports' : '--ports';
  return match('multiport', negated, option, value);
}

/** `80`, or `80:90` with the separator that the option wants. */
export function rangeText({ from, to }: PortRange, between: ':' | '-'): string {
  return from === to ? String(from) : `${from}${between}${to}`;
}

/** TCP flags as `--tcp-flags` names them. */
export function flagText(bits: number): string {
  const names = flagNames.filter((_, index) => (bits & (1 << index)) !== 0);
  return names.length === 0 ? 'NONE' : names.join(',');
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function markText(value: number, mask: number): string {
  return mask === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

const rates: readonly (readonly [string, number])[] = [
  ['day', 864_000_000],
  ['hour', 36_000_000],
  ['min', 600_000],
  ['sec', 10_000],
];

/** As print_rate() of libxt_limit chooses the unit: the last one that loses nothing by its rounding. */
export function rateText(perSecond: number): string {
  const interval = Math.round(10_000 / perSecond);
  let chosen = rates[0] ?? ['day', 864_000_000];
  for (const rate of rates.slice(1)) {
    const [, unit] = rate;
    if (interval > unit || Math.floor(unit / interval) < unit % interval) break;
    chosen = rate;
  }
  return `${Math.floor(chosen[1] / interval)}/${chosen[0]}`;
}

function optionWords(options: readonly Option[]): string[] {
  return options.flatMap(({ name, values, negated }) => [...(negated ? ['!'] : []), name, ...values]);
}

const natFlags = ['random', 'random-fully', 'persistent'];
const logFlags = ['tcp-sequence', 'tcp-options', 'ip-options', 'uid', 'macdecode'];

function actionWords(action: Action): string[] {
  switch (action.kind) {
    case 'none':
      return [];
    case 'accept':
    case 'drop':
    case 'return':
      return ['-j', action.kind.toUpperCase()];
    case 'jump':
      return ['-j', action.chain];
    case 'goto':
      return ['-g', action.chain];
    case 'reject':
      return ['-j', 'REJECT', '--reject-with', action.with];
    case 'log':
      return [
        '-j',
        'LOG',
        ...(action.prefix === '' ? [] : ['--log-prefix', action.prefix]),
        ...(action.level === 4 ? [] : ['--log-level', String(action.level)]),
        ...logFlags.filter((flag) => action.flags.includes(flag)).map((flag) => `--log-${flag}`),
      ];
    case 'redirect':
    case 'masquerade': {
      const to = action.ports === null ? [] : ['--to-ports', rangeText(action.ports, '-')];
      return ['-j', action.kind.toUpperCase(), ...to, ...action.flags.map((flag) => `--${flag}`)];
    }
    case 'dnat':
    case 'snat': {
      const option = action.kind === 'dnat' ? '--to-destination' : '--to-source';
      const flags = natFlags.filter((flag) => action.flags.includes(flag)).map((flag) => `--${flag}`);
      return ['-j', action.kind.toUpperCase(), option, endpointText(action.addresses, action.ports), ...flags];
    }
    case 'mark':
      return ['-j', 'MARK', '--set-xmark', `${hex(action.xor)}/${hex(action.clear)}`];
    case 'opaque':
      return ['-j', action.target, ...optionWords(action.written ?? action.options)];
    case 'unseen':
      return ['-j', action.target];
    case 'several':
      return action.actions.flatMap(actionWords);
    default:
      return ['-j', ...packetActionWords(action)];
  }
}

/** What stands after -j: LOG, TTL, or a chain's name. Of several statements of nft's the last; '' for a rule that only counts. */
export function targetName(action: Action): string {
  if (action.kind === 'several') return targetName(action.actions.at(-1) ?? { kind: 'none' });
  return actionWords(action)[1] ?? '';
}

/** `10.0.0.1-10.0.0.9:80-90`; IPv6 addresses stand in brackets when ports follow. */
export function endpointText(addresses: { from: string; to: string } | null, range: PortRange | null): string {
  const from = addresses?.from ?? '';
  const text = addresses === null || from === addresses.to ? from : `${from}-${addresses.to}`;
  if (range === null) return text;
  return `${text.includes(':') ? `[${text}]` : text}:${rangeText(range, '-')}`;
}
