/** What a rule of the kernel means, from its nf_tables expressions. */

import type { Action, Condition, Counters, Family } from '../model.ts';
import { type NftExpression, numberIn, verdictIn } from './expressions.ts';
import { oneAction } from './one-action.ts';
import { type Machine, newMachine, run } from './rule-machine.ts';

export interface BytecodeRule {
  readonly conditions: readonly Condition[];
  readonly action: Action;
  readonly counters: Counters | null;
  /** Such as iptables-nft writes, so that iptables-save prints it faithfully. */
  readonly wroteByIptables: boolean;
}

/**
 * Reads the expressions of one rule of an `ip` or `ip6` table. Never throws; what cannot be read is `unseen`, never left out.
 * `expressions` is the `expr` of nftables_netlink.py.
 */
export function readBytecode(expressions: readonly NftExpression[], family: Family): BytecodeRule {
  const machine = newMachine(family);
  let late = false;
  for (const expression of expressions) {
    const before = { conditions: machine.conditions.length, actions: machine.actions.length };
    run(machine, expression);
    // A condition after a statement does not hold for it: `log tcp dport 80 accept` logs everything.
    if (before.actions > 0 && machine.conditions.length > before.conditions) late = true;
  }
  const conditions = withIcmp(machine);
  const action = late ? { kind: 'unseen' as const, target: 'several' } : oneAction(machine.actions);
  const native = conditions.some((condition) => condition.kind === 'unseen' && !isMatch(expressions, condition.module));
  return {
    conditions,
    action,
    counters: machine.counters,
    wroteByIptables: !late && !native && wroteByIptables(expressions),
  };
}

const isMatch = (expressions: readonly NftExpression[], module: string): boolean =>
  expressions.some((expression) => expression.name === 'match' && expression.xt === module);

function withIcmp({ icmp, conditions }: Machine): Condition[] {
  if (icmp === null) return conditions;
  const { type, code, negated } = icmp;
  return [...conditions, { kind: 'icmp-type', type, code: code === null ? null : { from: code, to: code }, negated }];
}

const names: ReadonlySet<string> = new Set([
  'payload',
  'cmp',
  'bitwise',
  'meta',
  'range',
  'match',
  'target',
  'immediate',
  'counter',
  'limit',
  'log',
]);
/** mark, iifname, oifname, l4proto. */
const metaKeys: ReadonlySet<number> = new Set([3, 6, 7, 16]);

/**
 * Whether the expressions are such as iptables-nft writes: its kinds alone, one counter before the verdict or target, no statement of nft's
 * own. A rule of nft(8) that happens to be alike is printed faithfully too, and counts as one.
 */
export function wroteByIptables(expressions: readonly NftExpression[]): boolean {
  const at = expressions.findIndex((expression) => expression.name === 'counter');
  if (at < 0 || expressions.length - at > 2) return false;
  return expressions.every((expression, index) => {
    if (!names.has(expression.name)) return false;
    switch (expression.name) {
      case 'meta':
        return numberIn(expression, 'sreg') === null && metaKeys.has(numberIn(expression, 'key') ?? -1);
      case 'payload':
        return numberIn(expression, 'sreg') === null && numberIn(expression, 'base') !== 0;
      case 'immediate':
        return verdictIn(expression) !== null && index > at;
      case 'target':
        return index > at;
      case 'log':
        return numberIn(expression, 'group') !== null && index > at;
      case 'counter':
        return index === at;
      default:
        return index < at;
    }
  });
}
