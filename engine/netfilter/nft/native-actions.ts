/** What nf_tables' own statements do, as iptables would say it. */

import type { Action, Family, PortRange } from '../model.ts';
import { parseRule } from '../parse.ts';
import { Bytes } from './bytes.ts';
import { type NftExpression, type NftVerdict, numberIn, textIn } from './expressions.ts';
import { logAction, natFlags } from './xt-targets.ts';

/** Bytes that a register was loaded with, null where that is no constant. */
export type Constant = (register: number | null) => string | null;

/** NF_DROP, NF_ACCEPT and enum nft_verdicts. `continue` does nothing. */
export function verdictAction({ code, chain }: NftVerdict): Action {
  if (code === 0) return { kind: 'drop' };
  if (code === 1) return { kind: 'accept' };
  if (code === -5) return { kind: 'return' };
  if ((code === -3 || code === -4) && chain !== null) return { kind: code === -3 ? 'jump' : 'goto', chain };
  return code === -1 ? { kind: 'none' } : { kind: 'unseen', target: `verdict ${code}` };
}

/** The action of a statement; null for an expression that is none. */
export function statementAction(expression: NftExpression, constant: Constant, family: Family): Action | null {
  switch (expression.name) {
    case 'log':
      return log(expression);
    case 'reject':
      return reject(expression, family);
    case 'masq':
      return {
        kind: 'masquerade',
        ports: portsOf(expression, constant),
        flags: natFlags(numberIn(expression, 'flags') ?? 0),
      };
    case 'redir':
      return {
        kind: 'redirect',
        ports: portsOf(expression, constant),
        flags: natFlags(numberIn(expression, 'flags') ?? 0),
      };
    case 'nat':
      return nat(expression, constant, family);
    case 'notrack':
      return parseRule('-j CT --notrack', family).action;
    case 'queue':
    case 'dup':
    case 'fwd':
    case 'tproxy':
    case 'synproxy':
    case 'objref':
    case 'dynset':
    case 'quota':
    case 'connlimit':
      return { kind: 'unseen', target: expression.name };
    default:
      return null;
  }
}

function log(expression: NftExpression): Action {
  // With a group it goes to a program, as NFLOG does.
  if (numberIn(expression, 'group') !== null) {
    const prefix = textIn(expression, 'prefix');
    const defaults = numberIn(expression, 'group') === 0 && numberIn(expression, 'snaplen') === null;
    return defaults && prefix !== null && numberIn(expression, 'qthreshold') === null && !/[\s"\\]/.test(prefix)
      ? parseRule(`-j NFLOG --nflog-prefix ${prefix}`, 'ipv4').action
      : { kind: 'unseen', target: 'NFLOG' };
  }
  return logAction(
    textIn(expression, 'prefix') ?? '',
    numberIn(expression, 'level') ?? 4,
    numberIn(expression, 'flags') ?? 0,
  );
}

/** Codes of ICMP and ICMPv6, and NFT_REJECT_ICMPX_ for both. */
const icmp4: Readonly<Record<number, string>> = {
  0: 'icmp-net-unreachable',
  1: 'icmp-host-unreachable',
  2: 'icmp-proto-unreachable',
  3: 'icmp-port-unreachable',
  9: 'icmp-net-prohibited',
  10: 'icmp-host-prohibited',
  13: 'icmp-admin-prohibited',
};
const icmp6: Readonly<Record<number, string>> = {
  0: 'icmp6-no-route',
  1: 'icmp6-adm-prohibited',
  3: 'icmp6-addr-unreachable',
  4: 'icmp6-port-unreachable',
  5: 'icmp6-policy-fail',
  6: 'icmp6-reject-route',
};
const either: Readonly<Record<number, readonly [four: number, six: number]>> = {
  0: [0, 0],
  1: [3, 4],
  2: [1, 3],
  3: [13, 1],
};

function reject(expression: NftExpression, family: Family): Action {
  const type = numberIn(expression, 'type');
  if (type === 1) return { kind: 'reject', with: 'tcp-reset' };
  const code = numberIn(expression, 'icmp_code') ?? 0;
  const own = type === 2 ? either[code]?.[family === 'ipv4' ? 0 : 1] : code;
  const name = own === undefined ? undefined : (family === 'ipv4' ? icmp4 : icmp6)[own];
  return name === undefined ? { kind: 'unseen', target: 'REJECT' } : { kind: 'reject', with: name };
}

/** Ports that registers hold; null where none are asked for. Those of a map are not known and make the rule's action unseen elsewhere. */
function portsOf(expression: NftExpression, constant: Constant): PortRange | null {
  const from = constant(numberIn(expression, 'reg_proto_min'));
  const to = constant(numberIn(expression, 'reg_proto_max')) ?? from;
  return from === null || to === null ? null : { from: new Bytes(from).big16(0), to: new Bytes(to).big16(0) };
}

function nat(expression: NftExpression, constant: Constant, family: Family): Action {
  const kind = numberIn(expression, 'type') === 0 ? 'snat' : 'dnat';
  const from = constant(numberIn(expression, 'reg_addr_min'));
  const to = constant(numberIn(expression, 'reg_addr_max')) ?? from;
  const text = (hex: string) => new Bytes(hex).address(0, family);
  return {
    kind,
    addresses: from === null || to === null ? null : { from: text(from), to: text(to) },
    ports: portsOf(expression, constant),
    flags: natFlags(numberIn(expression, 'flags') ?? 0),
  };
}

/** Whether every register that a nat statement names holds a constant. */
export function hasConstants(expression: NftExpression, constant: Constant): boolean {
  return ['reg_proto_min', 'reg_proto_max', 'reg_addr_min', 'reg_addr_max'].every((field) => {
    const register = numberIn(expression, field);
    return register === null || constant(register) !== null;
  });
}
