/** tcp, udp, udplite, sctp, dccp and multiport: ports and TCP flags. */

import type { Condition, PortRange } from '../model.ts';
import { badValue, firstValue, type MatchExtension, optionTable, type ReadOption } from './extension.ts';
import { matchForm } from './forms.ts';
import { mergeRanges, portRangeOf } from './numbers.ts';
import { opaqueOptions } from './opaque.ts';
import { tcpFlags } from './tcp-flags.ts';

const bothPorts = '--source-port,--sport=1 --destination-port,--dport=1';
const flagBits: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ALL: 63,
  NONE: 0,
};

/** Flag names in the order iptables prints them. */
export const flagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const;

function ports(option: ReadOption): Condition {
  const kind = option.name === '--source-port' ? 'source-port' : 'destination-port';
  return { kind, ranges: [portRangeOf(option, ':')], negated: option.negated };
}

function flags(option: ReadOption, text: string | undefined): number {
  let bits = 0;
  for (const name of (text ?? '').split(',')) {
    const bit = flagBits[name.toUpperCase()];
    if (bit === undefined) throw badValue(option, `TCP flags out of ${Object.keys(flagBits).join(', ')}, with commas`);
    bits |= bit;
  }
  return bits;
}

function tcpOption(option: ReadOption): Condition {
  switch (option.name) {
    case '--syn':
      return { kind: 'tcp-flags', mask: 0x17, set: 2, negated: option.negated };
    case '--tcp-flags': {
      const [mask, set] = option.values;
      return tcpFlags(flags(option, mask), flags(option, set), option.negated);
    }
    case '--tcp-option':
      return { kind: 'opaque', module: 'tcp', ...opaqueOptions([option]) };
    default:
      return ports(option);
  }
}

function portMatch(name: string): MatchExtension {
  return { name, options: optionTable(bothPorts), read: (options) => options.map(ports) };
}

function portsOrOpaque(name: string, more: string): MatchExtension {
  const isPort = (option: ReadOption) => option.name === '--source-port' || option.name === '--destination-port';
  return {
    name,
    options: optionTable(`${bothPorts} ${more}`),
    read: (options) =>
      options.map((option) =>
        isPort(option)
          ? ports(option)
          : { kind: 'opaque', module: name, ...opaqueOptions([option], matchForm(name, [option], 'ipv4')) },
      ),
  };
}

const multiportKinds: Readonly<Record<string, 'source-port' | 'destination-port' | 'either-port'>> = {
  '--source-ports': 'source-port',
  '--destination-ports': 'destination-port',
  '--ports': 'either-port',
};

function multiport(option: ReadOption): Condition {
  const kind = multiportKinds[option.name] ?? 'either-port';
  const ranges: PortRange[] = firstValue(option)
    .split(',')
    .map((part) => portRangeOf(option, ':', part));
  return { kind, ranges: mergeRanges(ranges), negated: option.negated };
}

export const transportMatches: readonly MatchExtension[] = [
  {
    name: 'tcp',
    options: optionTable(`${bothPorts} --syn --tcp-flags=2 --tcp-option=1`),
    read: (options) => options.map(tcpOption),
  },
  portMatch('udp'),
  portMatch('udplite'),
  portsOrOpaque('sctp', '--chunk-types=2'),
  portsOrOpaque('dccp', '--dccp-types=1 --dccp-option=1'),
  {
    name: 'multiport',
    options: optionTable('--source-ports,--sports=1 --destination-ports,--dports=1 --ports=1'),
    read: (options) => options.map(multiport),
  },
];
