/** conntrack and state: what is known of the packet's connection. */

import { readNetwork } from '../addresses.ts';
import type { Condition, ConnectionStatus, ConntrackState } from '../model.ts';
import { protocolNumber } from '../protocols.ts';
import {
  badValue,
  firstValue,
  type MatchExtension,
  optionTable,
  type ReadOption,
  type RuleContext,
} from './extension.ts';
import { readNumber, readPortRange } from './numbers.ts';
import { typedMatch } from './typed.ts';

/** In the order iptables-save prints them. */
export const stateOrder: readonly ConntrackState[] = [
  'INVALID',
  'NEW',
  'RELATED',
  'ESTABLISHED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
];

/** The same few lists stand in every rule of a ruleset. */
const readStates = new Map<string, readonly ConntrackState[]>();

function states(option: ReadOption): Condition {
  const text = firstValue(option);
  const before = readStates.get(text);
  if (before !== undefined) return { kind: 'conntrack-state', states: before, negated: option.negated };
  const wanted = new Set(text.toUpperCase().split(','));
  const known = stateOrder.filter((state) => wanted.has(state));
  if (known.length !== wanted.size) throw badValue(option, `states out of ${stateOrder.join(', ')}, with commas`);
  if (readStates.size < 1000) readStates.set(text, known);
  return { kind: 'conntrack-state', states: known, negated: option.negated };
}

/** In the order iptables-save prints them. */
export const statusOrder: readonly ConnectionStatus[] = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'];

/** NONE has no bit: beside others it says nothing. */
function status(option: ReadOption): Condition | null {
  const wanted = firstValue(option).toUpperCase().split(',');
  const known = statusOrder.filter((one) => wanted.includes(one));
  if (!wanted.every((one) => one === 'NONE' || statusOrder.some((other) => other === one))) return null;
  return { kind: 'connection-status', statuses: known.length === 0 ? ['NONE'] : known, negated: option.negated };
}

const tupleOption = /^--ct(orig|repl)(src|dst)(port)?$/;

function tuple(option: ReadOption, { family }: RuleContext): Condition | null {
  const [, direction, side, port] = tupleOption.exec(option.name) ?? [];
  if (direction === undefined) return null;
  const whose = {
    direction: direction === 'orig' ? 'original' : 'reply',
    side: side === 'src' ? 'source' : 'destination',
  } as const;
  if (port !== undefined) {
    const range = readPortRange(firstValue(option), ':');
    return range === null ? null : { kind: 'tuple-port', ...whose, ranges: [range], negated: option.negated };
  }
  const network = readNetwork(firstValue(option), family);
  return network === null ? null : { kind: 'tuple-address', ...whose, network, negated: option.negated };
}

function expiry(option: ReadOption): Condition | null {
  const [first = '', last = first] = firstValue(option).split(':');
  const from = first === '' ? 0 : readNumber(first, 0xffffffff);
  const to = last === '' ? 0xffffffff : readNumber(last, 0xffffffff);
  return from === null || to === null ? null : { kind: 'connection-expiry', from, to, negated: option.negated };
}

function conntrack(option: ReadOption, context: RuleContext): Condition | null {
  switch (option.name) {
    case '--ctstate':
      return states(option);
    case '--ctproto': {
      const protocol = protocolNumber(firstValue(option));
      return protocol === null ? null : { kind: 'connection-protocol', protocol, negated: option.negated };
    }
    case '--ctstatus':
      return status(option);
    case '--ctexpire':
      return expiry(option);
    case '--ctdir': {
      const direction = firstValue(option).toLowerCase();
      if (direction !== 'original' && direction !== 'reply') return null;
      return { kind: 'connection-direction', direction, negated: option.negated };
    }
    default:
      return tuple(option, context);
  }
}

export const connectionMatches: readonly MatchExtension[] = [
  typedMatch(
    'conntrack',
    '--ctstate=1 --ctproto=1 --ctorigsrc=1 --ctorigdst=1 --ctreplsrc=1 --ctrepldst=1 --ctorigsrcport=1 --ctorigdstport=1 --ctreplsrcport=1 --ctrepldstport=1 --ctstatus=1 --ctexpire=1 --ctdir=1',
    conntrack,
  ),
  { name: 'state', options: optionTable('--state=1'), read: (options) => options.map(states) },
];
