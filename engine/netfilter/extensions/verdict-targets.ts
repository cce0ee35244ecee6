/** REJECT and LOG. */

import type { Action } from '../model.ts';
import {
  badValue,
  firstValue,
  optionTable,
  type ReadOption,
  type RuleContext,
  type TargetExtension,
} from './extension.ts';
import { readNumber } from './numbers.ts';

/** [name, alias] as `iptables -j REJECT -h` lists them. */
const reject4: readonly (readonly [string, string])[] = [
  ['icmp-net-unreachable', 'net-unreach'],
  ['icmp-host-unreachable', 'host-unreach'],
  ['icmp-proto-unreachable', 'proto-unreach'],
  ['icmp-port-unreachable', 'port-unreach'],
  ['icmp-net-prohibited', 'net-prohib'],
  ['icmp-host-prohibited', 'host-prohib'],
  ['tcp-reset', 'tcp-rst'],
  ['icmp-admin-prohibited', 'admin-prohib'],
];
const reject6: readonly (readonly [string, string])[] = [
  ['icmp6-no-route', 'no-route'],
  ['icmp6-adm-prohibited', 'adm-prohibited'],
  ['icmp6-addr-unreachable', 'addr-unreach'],
  ['icmp6-port-unreachable', 'port-unreach'],
  ['tcp-reset', 'tcp-reset'],
  ['icmp6-policy-fail', 'policy-fail'],
  ['icmp6-reject-route', 'reject-route'],
];

function reject(options: readonly ReadOption[], { family }: RuleContext): Action {
  const option = options.at(-1);
  if (option === undefined) {
    return { kind: 'reject', with: family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable' };
  }
  const wanted = firstValue(option).toLowerCase();
  const known = family === 'ipv4' ? reject4 : reject6;
  // libipt_REJECT compares only as many characters as were typed: the first that fits is taken.
  const found = wanted === '' ? undefined : known.find((names) => names.some((name) => name.startsWith(wanted)));
  if (found === undefined) throw badValue(option, `one of ${known.map(([name]) => name).join(', ')}`);
  return { kind: 'reject', with: found[0] };
}

/** Names of syslog.conf(5), each level's first name being the one to print. */
export const logLevels: readonly (readonly string[])[] = [
  ['emerg', 'panic'],
  ['alert'],
  ['crit'],
  ['error', 'err'],
  ['warning', 'warn'],
  ['notice'],
  ['info'],
  ['debug'],
];

function logLevel(option: ReadOption): number {
  const text = firstValue(option).toLowerCase();
  const level = readNumber(text, 7) ?? logLevels.findIndex((names) => names.includes(text));
  if (level < 0) throw badValue(option, `a level from 0 to 7 or one of ${logLevels.map(([name]) => name).join(', ')}`);
  return level;
}

function log(options: readonly ReadOption[]): Action {
  let prefix = '';
  let level = 4;
  const flags = new Set<string>();
  for (const option of options) {
    if (option.name === '--log-prefix') prefix = firstValue(option);
    else if (option.name === '--log-level') level = logLevel(option);
    else flags.add(option.name.slice('--log-'.length));
  }
  return { kind: 'log', prefix, level, flags: [...flags].sort() };
}

export const verdictTargets: readonly TargetExtension[] = [
  { name: 'REJECT', options: optionTable('--reject-with=1'), read: reject },
  {
    name: 'LOG',
    options: optionTable(
      '--log-level=1 --log-prefix=1 --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode',
    ),
    read: log,
  },
];
