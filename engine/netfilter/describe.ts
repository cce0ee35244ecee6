/** A rule in plain words, one line. */

import { endpointText, flagText, rangeText, rateText } from './canonical.ts';
import { networkText } from './canonical-packet.ts';
import { packetActionPhrase, packetPhrase } from './describe-packet.ts';
import { icmpName } from './extensions/icmp.ts';
import { logLevels } from './extensions/verdict-targets.ts';
import type { Action, Condition, Option, PortRange, Rule } from './model.ts';
import { protocolName } from './protocols.ts';

/** What the rule does and to which packets: "Accept TCP packets from 10.0.0.0/8 to port 22 that arrive on eth0." */
export function describeRule(rule: Rule): string {
  const conditions = rule.conditions.filter((condition) => condition.kind !== 'comment');
  const protocol = conditions.find((condition) => condition.kind === 'protocol' && !condition.negated);
  const rest = conditions.filter((condition) => condition !== protocol);
  const number = protocol?.kind === 'protocol' ? protocol.protocol : 0;
  const packets = number === 0 ? (rest.length === 0 ? 'every packet' : 'packets') : `${protocolTitle(number)} packets`;
  const direct = rest.flatMap((condition) => placePhrase(condition) ?? []);
  const relative = rest
    .filter((condition) => placePhrase(condition) === null)
    .map((condition) => phrase(condition, number));
  const which = relative.length === 0 ? '' : ` that ${listed(relative)}`;
  const comment = rule.conditions.find((condition) => condition.kind === 'comment');
  const note = comment?.kind === 'comment' && comment.text !== '' ? ` (comment: ${comment.text})` : '';
  const [verb, after] = actionPhrase(rule.action);
  return `${verb} ${[packets, ...direct].join(' ')}${which}${after}.${note}`;
}

function listed(phrases: readonly string[]): string {
  if (phrases.length < 2) return phrases.join('');
  return `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`;
}

function protocolTitle(protocol: number): string {
  if (protocol === 58) return 'ICMPv6';
  const name = protocolName(protocol);
  return /^\d+$/.test(name) ? `protocol ${name}` : name.toUpperCase();
}

function rangesText(ranges: readonly PortRange[]): string {
  const one = ranges.length === 1 && ranges[0]?.from === ranges[0]?.to;
  const texts = ranges.map((range) => rangeText(range, '-'));
  return `port${one ? '' : 's'} ${texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`}`;
}

/** What follows "packets" directly; null for a condition that is said in a relative clause. */
function placePhrase(condition: Condition): string | null {
  if ('negated' in condition && condition.negated) return null;
  switch (condition.kind) {
    case 'source':
      return `from ${networkText(condition.network)}`;
    case 'destination':
      return `to ${networkText(condition.network)}`;
    case 'source-port':
      return `from ${rangesText(condition.ranges)}`;
    case 'destination-port':
      return `to ${rangesText(condition.ranges)}`;
    default:
      return null;
  }
}

/** What follows "packets that". */
function phrase(condition: Condition, protocol: number): string {
  const not = 'negated' in condition && condition.negated;
  const be = not ? 'are not' : 'are';
  const doing = (verb: string) => (not ? `do not ${verb}` : verb);
  switch (condition.kind) {
    case 'protocol':
      return `${be} ${protocolTitle(condition.protocol)}`;
    case 'source':
      return doing(`come from ${networkText(condition.network)}`);
    case 'destination':
      return doing(`go to ${networkText(condition.network)}`);
    case 'in-interface':
      return doing(`arrive on ${interfaceText(condition.name)}`);
    case 'out-interface':
      return doing(`leave through ${interfaceText(condition.name)}`);
    case 'fragment':
      return `${be} second or later fragments`;
    case 'source-port':
      return doing(`come from ${rangesText(condition.ranges)}`);
    case 'destination-port':
      return doing(`go to ${rangesText(condition.ranges)}`);
    case 'either-port':
      return doing(`come from or go to ${rangesText(condition.ranges)}`);
    case 'tcp-flags':
      if (condition.mask === 0x17 && condition.set === 2)
        return not ? 'do not open a connection' : 'open a connection (SYN)';
      return doing(`have of ${flagText(condition.mask)} exactly ${flagText(condition.set)} set`);
    case 'icmp-type': {
      const { type, code } = condition;
      const name = icmpName(type, code?.from ?? null, protocol === 58 ? 'ipv6' : 'ipv4');
      return `${be} of type ${name ?? `${type}${code === null ? '' : ` code ${code.from}`}`}`;
    }
    case 'conntrack-state':
      return `${be} in state ${condition.states.join(' or ')}`;
    case 'mark':
      return doing(`carry mark ${markText(condition.value, condition.mask)}`);
    case 'connmark':
      return doing(`belong to a connection with mark ${markText(condition.value, condition.mask)}`);
    case 'address-type':
      return `${not ? 'do not have' : 'have'} a ${condition.side} address of type ${condition.types.join(' or ')}${condition.limit === undefined ? '' : ` on the interface where they ${condition.limit === 'in' ? 'arrive' : 'leave'}`}`;
    case 'limit':
      return `stay within ${rateText(condition.perSecond).replace('/', ' per ')} (burst ${condition.burst})`;
    case 'statistic':
      if (condition.mode === 'random') {
        const share = not ? 1 - condition.probability : condition.probability;
        return `are chosen at random (${Number((share * 100).toFixed(2))} %)`;
      }
      return `${be} number ${condition.packet + 1} of every ${condition.every}`;
    case 'comment':
      return '';
    case 'opaque':
      return `match ${condition.module}${optionsText(condition.written ?? condition.options)}`;
    case 'unseen':
      return `match ${condition.module} with options that were never seen`;
    default:
      return packetPhrase(condition);
  }
}

function interfaceText(name: string): string {
  if (name === '+') return 'any interface';
  return name.endsWith('+') ? `an interface whose name begins with ${name.slice(0, -1)}` : name;
}

function markText(value: number, mask: number): string {
  const hex = (bits: number) => `0x${bits.toString(16)}`;
  return mask === 0xffffffff ? hex(value) : `${hex(value)} under mask ${hex(mask)}`;
}

function optionsText(options: readonly Option[]): string {
  if (options.length === 0) return '';
  const texts = options.map(({ name, values, negated }) =>
    [negated ? 'not ' : '', name.replace(/^-+/, ''), ...values.map((value) => ` ${value}`)].join(''),
  );
  return ` (${texts.join(', ')})`;
}

function flagsText(flags: readonly string[]): string {
  return flags.length === 0 ? '' : ` (${flags.join(', ')})`;
}

/** What stands before the packets, and what after them. */
function actionPhrase(action: Action): readonly [string, string] {
  switch (action.kind) {
    case 'none':
      return ['Only count', ''];
    case 'accept':
      return ['Accept', ''];
    case 'drop':
      return ['Drop', ''];
    case 'return':
      return ['Return to the calling chain with', ''];
    case 'jump':
      return ['Send', ` through chain ${action.chain}`];
    case 'goto':
      return ['Send', ` to chain ${action.chain} for good`];
    case 'reject':
      return ['Reject', `, answering ${action.with}`];
    case 'log': {
      const prefix = action.prefix === '' ? '' : ` with prefix "${action.prefix}"`;
      const level = action.level === 4 ? '' : ` at level ${logLevels[action.level]?.[0] ?? action.level}`;
      return ['Log', `${prefix}${level}${flagsText(action.flags)}`];
    }
    case 'redirect': {
      const to = action.ports === null ? 'the same port' : rangesText([action.ports]);
      return ['Redirect', ` to ${to} of this machine${flagsText(action.flags)}`];
    }
    case 'masquerade': {
      const ports = action.ports === null ? '' : `, ${rangesText([action.ports])}`;
      return [
        'Masquerade',
        ` (source becomes the address of the outgoing interface${ports})${flagsText(action.flags)}`,
      ];
    }
    case 'dnat':
      return [
        'Rewrite the destination of',
        ` to ${endpointText(action.addresses, action.ports)}${flagsText(action.flags)}`,
      ];
    case 'snat':
      return ['Rewrite the source of', ` to ${endpointText(action.addresses, action.ports)}${flagsText(action.flags)}`];
    case 'mark':
      if (action.clear === 0xffffffff) return ['Mark', ` with 0x${action.xor.toString(16)}`];
      return ['Mark', ` (bits 0x${action.clear.toString(16)} cleared, then xor 0x${action.xor.toString(16)})`];
    case 'opaque':
      return [`Apply ${action.target}${optionsText(action.written ?? action.options)} to`, ''];
    case 'unseen':
      return [`Apply ${action.target}, with options that were never seen, to`, ''];
    case 'several': {
      const [first, ...rest] = action.actions;
      if (first === undefined) return actionPhrase({ kind: 'none' });
      const [verb, after] = actionPhrase(first);
      const then = rest.map((one) => {
        const [next, behind] = actionPhrase(one);
        return `${next.charAt(0).toLowerCase()}${next.slice(1)} them${behind}`;
      });
      return [verb, [after, ...then].join(', then ')];
    }
    default:
      return packetActionPhrase(action);
  }
}
