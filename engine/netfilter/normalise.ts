/** A rule's meaning in one form: two rules mean the same if and only if their forms are equal, as far as the model knows. */

import { stateOrder } from './extensions/connection-matches.ts';
import type { Action, Condition, ConntrackState, PacketField, PortRange, Rule } from './model.ts';

/** Conditions that matter, without repetition, in one order. Comments and conditions that always hold are left out. */
export function normaliseConditions(conditions: readonly Condition[]): Condition[] {
  return [...keyed(conditions).values()];
}

function keyed(conditions: readonly Condition[]): Map<string, Condition> {
  const found: [string, Condition][] = [];
  for (const condition of conditions) {
    const normal = normaliseCondition(condition);
    if (normal !== null) found.push([JSON.stringify(normal), normal]);
  }
  found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new Map(found);
}

/** null for a condition that every packet meets. Keys stand in one order, so that JSON of equal conditions is equal. */
function normaliseCondition(condition: Condition): Condition | null {
  switch (condition.kind) {
    case 'comment':
      return null;
    case 'protocol':
      if (condition.protocol === 0 && !condition.negated) return null;
      return { kind: 'protocol', protocol: condition.protocol, negated: condition.negated };
    case 'source':
    case 'destination': {
      const { address, mask, prefix } = condition.network;
      if (prefix === 0 && !condition.negated) return null;
      return { kind: condition.kind, network: { address, mask, prefix }, negated: condition.negated };
    }
    case 'in-interface':
    case 'out-interface':
      if (condition.name === '+' && !condition.negated) return null;
      return { kind: condition.kind, name: condition.name, negated: condition.negated };
    case 'source-port':
    case 'destination-port':
      return normalisePorts(condition.kind, positive(condition.ranges, condition.negated));
    case 'either-port':
      // "Neither port is in the set" is no positive statement about either port, so the negation stays.
      return { kind: 'either-port', ranges: plainRanges(condition.ranges), negated: condition.negated };
    case 'conntrack-state':
      return normaliseStates(condition.states, condition.negated);
    case 'icmp-type': {
      const { type, code, negated } = condition;
      if (type === 255 && code === null && !negated) return null;
      return { kind: 'icmp-type', type, code: code === null ? null : { from: code.from, to: code.to }, negated };
    }
    case 'opaque':
      return { kind: 'opaque', module: condition.module, options: condition.options };
    case 'field':
      return normaliseField(condition);
    case 'tuple-address': {
      const { address, mask, prefix } = condition.network;
      return sortKeys({ ...condition, network: { address, mask, prefix } });
    }
    case 'address-type':
      return sortKeys({ ...condition, types: [...condition.types].sort() });
    default:
      return sortKeys(condition);
  }
}

function plainRanges(ranges: readonly PortRange[]): PortRange[] {
  return ranges.map(({ from, to }) => ({ from, to }));
}

/** Every packet has these, up to that number; a packet without tcp-mss, uid or gid meets the negation alone. */
const always: Partial<Record<PacketField, number>> = { length: 65535, ttl: 255, 'hop-limit': 255, dscp: 63 };

function normaliseField({ field, ranges, negated }: Extract<Condition, { kind: 'field' }>): Condition | null {
  const most = always[field];
  if (most === undefined) return { kind: 'field', field, ranges: plainRanges(ranges), negated };
  const left = positive(ranges, negated, most);
  if (left.length === 1 && left[0]?.from === 0 && left[0].to === most) return null;
  return { kind: 'field', field, ranges: left, negated: false };
}

/** The ranges, or what is left of 0 to `most` without them. */
function positive(ranges: readonly PortRange[], negated: boolean, most = 65535): PortRange[] {
  if (!negated) return plainRanges(ranges);
  const left: PortRange[] = [];
  let next = 0;
  for (const { from, to } of ranges) {
    if (from > next) left.push({ from: next, to: from - 1 });
    next = to + 1;
  }
  if (next <= most) left.push({ from: next, to: most });
  return left;
}

function normalisePorts(kind: 'source-port' | 'destination-port', ranges: PortRange[]): Condition | null {
  const [first] = ranges;
  if (ranges.length === 1 && first?.from === 0 && first.to === 65535) return null;
  return { kind, ranges, negated: false };
}

/** A connection is in exactly one of these; SNAT and DNAT come on top. */
const exclusive: readonly ConntrackState[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'];

function normaliseStates(states: readonly ConntrackState[], negated: boolean): Condition | null {
  const set = new Set(states);
  const plain = !set.has('SNAT') && !set.has('DNAT');
  if (negated && plain)
    return normaliseStates(
      exclusive.filter((state) => !set.has(state)),
      false,
    );
  if (!negated && exclusive.every((state) => set.has(state))) return null;
  return { kind: 'conntrack-state', states: stateOrder.filter((state) => set.has(state)), negated };
}

function sortKeys<T extends object>(value: T): T {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries) as T;
}

function normaliseAction(action: Action): Action {
  switch (action.kind) {
    case 'mark':
    case 'connmark':
      // Bits that are cleared and set by xor, and bits that are xored alone, tell all there is.
      return { kind: action.kind, clear: action.clear >>> 0, xor: action.xor >>> 0 };
    case 'opaque':
      return { kind: 'opaque', target: action.target, options: action.options };
    case 'several':
      return { kind: 'several', actions: action.actions.map(normaliseAction) };
    default:
      return sortKeys(action);
  }
}

/** A text that two rules share if and only if they mean the same. Counters, comments, handles and lines do not count. */
export function ruleKey(rule: Rule): string {
  return `${[...keyed(rule.conditions).keys()].join('')}${JSON.stringify(normaliseAction(rule.action))}`;
}
