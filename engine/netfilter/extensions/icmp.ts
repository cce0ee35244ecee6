/** icmp and icmp6: type and code by number or by the names that `iptables -p icmp -h` lists (libxt_icmp.h). */

import type { Condition, Family } from '../model.ts';
import { badValue, firstValue, type MatchExtension, optionTable, type ReadOption } from './extension.ts';
import { readNumber } from './numbers.ts';

/** [type, code]; code null means every code. */
type Named = readonly [string, number, number | null];

const names4: readonly Named[] = [
  ['any', 255, null],
  ['echo-reply', 0, null],
  ['pong', 0, null],
  ['destination-unreachable', 3, null],
  ['network-unreachable', 3, 0],
  ['host-unreachable', 3, 1],
  ['protocol-unreachable', 3, 2],
  ['port-unreachable', 3, 3],
  ['fragmentation-needed', 3, 4],
  ['source-route-failed', 3, 5],
  ['network-unknown', 3, 6],
  ['host-unknown', 3, 7],
  ['network-prohibited', 3, 9],
  ['host-prohibited', 3, 10],
  ['TOS-network-unreachable', 3, 11],
  ['TOS-host-unreachable', 3, 12],
  ['communication-prohibited', 3, 13],
  ['host-precedence-violation', 3, 14],
  ['precedence-cutoff', 3, 15],
  ['source-quench', 4, null],
  ['redirect', 5, null],
  ['network-redirect', 5, 0],
  ['host-redirect', 5, 1],
  ['TOS-network-redirect', 5, 2],
  ['TOS-host-redirect', 5, 3],
  ['echo-request', 8, null],
  ['ping', 8, null],
  ['router-advertisement', 9, null],
  ['router-solicitation', 10, null],
  ['time-exceeded', 11, null],
  ['ttl-exceeded', 11, null],
  ['ttl-zero-during-transit', 11, 0],
  ['ttl-zero-during-reassembly', 11, 1],
  ['parameter-problem', 12, null],
  ['ip-header-bad', 12, 0],
  ['required-option-missing', 12, 1],
  ['timestamp-request', 13, null],
  ['timestamp-reply', 14, null],
  ['address-mask-request', 17, null],
  ['address-mask-reply', 18, null],
];

const names6: readonly Named[] = [
  ['destination-unreachable', 1, null],
  ['no-route', 1, 0],
  ['communication-prohibited', 1, 1],
  ['beyond-scope', 1, 2],
  ['address-unreachable', 1, 3],
  ['port-unreachable', 1, 4],
  ['failed-policy', 1, 5],
  ['reject-route', 1, 6],
  ['packet-too-big', 2, null],
  ['time-exceeded', 3, null],
  ['ttl-exceeded', 3, null],
  ['ttl-zero-during-transit', 3, 0],
  ['ttl-zero-during-reassembly', 3, 1],
  ['parameter-problem', 4, null],
  ['bad-header', 4, 0],
  ['unknown-header-type', 4, 1],
  ['unknown-option', 4, 2],
  ['echo-request', 128, null],
  ['ping', 128, null],
  ['echo-reply', 129, null],
  ['pong', 129, null],
  ['mld-listener-query', 130, null],
  ['mld-listener-report', 131, null],
  ['mld-listener-done', 132, null],
  ['mld-listener-reduction', 132, null],
  ['router-solicitation', 133, null],
  ['router-advertisement', 134, null],
  ['neighbour-solicitation', 135, null],
  ['neighbor-solicitation', 135, null],
  ['neighbour-advertisement', 136, null],
  ['neighbor-advertisement', 136, null],
  ['redirect', 137, null],
];

/** A name may be shortened as long as one name is left that begins so (xtables_parse_icmp). */
function byName(text: string, names: readonly Named[]): Named | null {
  const wanted = text.toLowerCase();
  const exact = names.find(([name]) => name.toLowerCase() === wanted);
  if (exact !== undefined) return exact;
  const longer = wanted === '' ? [] : names.filter(([name]) => name.toLowerCase().startsWith(wanted));
  return longer.length === 1 ? (longer[0] ?? null) : null;
}

function icmpType(option: ReadOption, family: Family): Condition {
  const text = firstValue(option);
  const named = byName(text, family === 'ipv4' ? names4 : names6);
  if (named !== null) {
    const [, type, code] = named;
    return { kind: 'icmp-type', type, code: code === null ? null : { from: code, to: code }, negated: option.negated };
  }
  const slash = text.indexOf('/');
  const type = readNumber(slash < 0 ? text : text.slice(0, slash), 255);
  const code = slash < 0 ? null : readNumber(text.slice(slash + 1), 255);
  if (type === null || (slash >= 0 && code === null)) throw badValue(option, 'an ICMP type by name, TYPE or TYPE/CODE');
  // "any" is IPv4's alone: to icmp6 255 is a type like the others.
  const all = family === 'ipv6' && type === 255 ? { from: 0, to: 255 } : null;
  return { kind: 'icmp-type', type, code: code === null ? all : { from: code, to: code }, negated: option.negated };
}

/** The name of an ICMP type for people, null when it has none. */
export function icmpName(type: number, code: number | null, family: Family): string | null {
  const names = family === 'ipv4' ? names4 : names6;
  return names.find((named) => named[1] === type && named[2] === code)?.[0] ?? null;
}

export const icmpMatches: readonly MatchExtension[] = [
  {
    name: 'icmp',
    options: optionTable('--icmp-type=1'),
    read: (options) => options.map((option) => icmpType(option, 'ipv4')),
  },
  {
    name: 'icmp6',
    // The second name is for rules that do not say -p, whose family their words alone do not tell.
    options: optionTable('--icmpv6-type,--icmp-type=1'),
    read: (options) => options.map((option) => icmpType(option, 'ipv6')),
  },
];
