/** Which packets meet a condition, exactly; what the packet does not answer is a question or a draw of the space. */

import type { Condition, ConntrackState, Network, PortRange, Rule } from '../model.ts';
import { conditionText } from '../simulate/conditions.ts';
import { all, type Node, none } from './diagrams.ts';
import { classesOf } from './interfaces.ts';
import { opaqueSet } from './opaque-sets.ts';
import { addressBits, bitsOf, equal, masked, oneOf, question, range, type Space } from './space.ts';

/** Values of the field `state`. */
export const stateNumbers: readonly ConntrackState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/** Values of the fields `srcType` and `dstType` (linux/rtnetlink.h, RTN_*). */
export const typeNumbers: readonly string[] = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
];

/** tcp, udp, dccp, sctp, udplite. */
const protocolsWithPorts: readonly number[] = [6, 17, 33, 132, 136];

/** The answer to what counts or draws lots, by its text. */
export type Draw = (text: string) => Node;

/** Conditions that depend on more than the packet are left out. */
const leftOut: Draw = () => all;

/** The packets that meet all conditions of a rule, those that `drawn` answers for included. */
export function ruleSet(space: Space, rule: Rule, drawn: Draw = leftOut): Node {
  let set = all;
  for (const condition of rule.conditions) {
    set = space.d.and(set, isDraw(condition) ? drawn(conditionText(condition)) : conditionSet(space, condition));
    if (set === none) return none;
  }
  return set;
}

/** Whether it depends on more than the packet, so that it may hold for one packet and not for the next that is the same. */
export function isDraw(condition: Condition): boolean {
  switch (condition.kind) {
    case 'limit':
    case 'unseen':
      return true;
    case 'statistic':
      return condition.mode === 'nth' ? condition.every > 1 : condition.probability > 0 && condition.probability < 1;
    case 'opaque':
      return drawingModules.has(condition.module);
    default:
      return false;
  }
}

/** Extensions that count or draw lots: the same packet may be answered otherwise the next time. */
const drawingModules: ReadonlySet<string> = new Set([
  'connbytes',
  'connlimit',
  'hashlimit',
  'limit',
  'nfacct',
  'quota',
  'rateest',
  'recent',
  'statistic',
]);

/** The packets that meet a condition that the packet alone decides. */
export function conditionSet(space: Space, condition: Condition): Node {
  const { d } = space;
  const plain = positiveSet(space, condition);
  return 'negated' in condition && condition.negated ? d.not(plain) : plain;
}

function positiveSet(space: Space, condition: Condition): Node {
  const { d } = space;
  switch (condition.kind) {
    case 'comment':
      return all;
    case 'protocol':
      return condition.protocol === 0 ? all : equal(space, 'protocol', condition.protocol);
    case 'source':
      return networkSet(space, 'src', condition.network);
    case 'destination':
      return networkSet(space, 'dst', condition.network);
    case 'in-interface':
    case 'out-interface': {
      if (condition.name === '+') return all;
      const field = condition.kind === 'in-interface' ? 'in' : 'out';
      return oneOf(space, field, classesOf(space.interfaces, condition.name));
    }
    case 'fragment':
      return question(space, 'fragment', 'it is a later fragment');
    case 'source-port':
      return portSet(space, 'sport', condition.ranges);
    case 'destination-port':
      return portSet(space, 'dport', condition.ranges);
    case 'either-port':
      return d.or(portSet(space, 'sport', condition.ranges), portSet(space, 'dport', condition.ranges));
    case 'tcp-flags': {
      const width = space.fields.flags.width;
      // A flag that is asked for and not looked at: no packet has it (xt_tcp.c, tcp_match).
      if ((condition.set & ~condition.mask) !== 0) return none;
      const bits = masked(space, space.fields.flags, bitsOf(condition.set, width), bitsOf(condition.mask, width));
      return d.and(equal(space, 'protocol', 6), bits);
    }
    case 'icmp-type':
      return icmpSet(space, condition.type, condition.code);
    case 'conntrack-state':
      return stateSet(space, condition.states);
    case 'mark':
    case 'connmark': {
      // Bits of the value outside of the mask can never be met (xt_mark.c, mark_mt).
      if ((condition.value & ~condition.mask) !== 0) return none;
      return masked(space, space.fields[condition.kind], bitsOf(condition.value, 32), bitsOf(condition.mask, 32));
    }
    case 'address-type': {
      const numbers = condition.types.map((type) => typeNumbers.indexOf(type));
      if (numbers.includes(-1)) return asked(space, condition);
      return oneOf(space, condition.side === 'source' ? 'srcType' : 'dstType', numbers);
    }
    case 'statistic':
      return condition.mode === 'nth' || condition.probability >= 1 ? all : none;
    case 'opaque':
      return opaqueSet(space, condition);
    default:
      return asked(space, condition);
  }
}

/** A condition that the packet decides, but not by what the space knows of it. */
function asked(space: Space, condition: Condition): Node {
  const plain = 'negated' in condition ? { ...condition, negated: false } : condition;
  return question(space, JSON.stringify(plain), conditionText(plain));
}

export function networkSet(space: Space, name: 'src' | 'dst', { address, mask }: Network): Node {
  return masked(space, space.fields[name], addressBits(address), addressBits(mask));
}

function portSet(space: Space, name: 'sport' | 'dport', ranges: readonly PortRange[]): Node {
  const ports = ranges.reduce((set, { from, to }) => space.d.or(set, range(space, name, from, to)), none);
  return space.d.and(oneOf(space, 'protocol', protocolsWithPorts), ports);
}

function icmpSet(space: Space, type: number, code: PortRange | null): Node {
  const either = oneOf(space, 'protocol', [1, 58]);
  if (type === 255 && code === null) return either;
  const from = type * 256 + (code?.from ?? 0);
  const to = type * 256 + (code?.to ?? 255);
  return space.d.and(either, range(space, 'dport', from, to));
}

function stateSet(space: Space, states: readonly ConntrackState[]): Node {
  const { d } = space;
  let set = oneOf(
    space,
    'state',
    states.map((state) => stateNumbers.indexOf(state)).filter((number) => number >= 0),
  );
  // Only a tracked connection can have been translated.
  const tracked = oneOf(space, 'state', [0, 1, 2]);
  for (const state of ['SNAT', 'DNAT'] as const) {
    if (!states.includes(state)) continue;
    const translated = question(
      space,
      state,
      `its connection's ${state === 'SNAT' ? 'source' : 'destination'} was rewritten`,
    );
    set = d.or(set, d.and(tracked, translated));
  }
  return set;
}
