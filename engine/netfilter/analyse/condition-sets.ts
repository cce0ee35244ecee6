/** Which packets meet a condition, exactly; what the packet does not answer is a question or a draw of the space. */

import { addressTypes } from '../extensions/state.ts';
import type { Condition, ConntrackState, Network, PacketField, PortRange, Rule } from '../model.ts';
import { conditionText } from './condition-text.ts';
import { all, type Node, none } from './diagrams.ts';
import { isDraw } from './draws.ts';
import { classesOf } from './interfaces.ts';
import type { Phase } from './phases.ts';
import {
  addressBits,
  between,
  bitsOf,
  equal,
  type FieldName,
  masked,
  oneOf,
  question,
  range,
  type Space,
} from './space.ts';

/** Values of the field `state`. */
export const stateNumbers: readonly ConntrackState[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];

/** tcp, udp, dccp, sctp, udplite. */
export const protocolsWithPorts: readonly number[] = [6, 17, 33, 132, 136];

/** Where a rule is asked, and who answers for what counts or draws lots. */
export interface Asking {
  readonly phase: Phase;
  /** Missing: such conditions are left out. */
  readonly drawn?: (condition: Condition) => Node;
}

/** The packets that meet all conditions of a rule. */
export function ruleSet(space: Space, rule: Rule, asking: Asking): Node {
  let set = all;
  for (const condition of rule.conditions) {
    set = space.d.and(set, conditionSet(space, condition, asking));
    if (set === none) return none;
  }
  return set;
}

/** The packets that meet a condition. */
export function conditionSet(space: Space, condition: Condition, asking: Asking): Node {
  const { d } = space;
  if (isDraw(condition, space.changingSets)) return asking.drawn?.(condition) ?? all;
  if (asking.phase === 'either') {
    const [before, behind] = (['before', 'behind'] as const).map((phase) =>
      conditionSet(space, condition, { ...asking, phase }),
    );
    return before === behind ? (before ?? none) : d.choose(beforeConntrack(space), before ?? none, behind ?? none);
  }
  const plain = positiveSet(space, condition, asking);
  const set = 'negated' in condition && condition.negated ? d.not(plain) : plain;
  return d.and(set, placeOf(space, condition, asking));
}

/** Of chains that are called from before conntrack and from behind it: from where. */
export const beforeConntrack = (space: Space): Node =>
  question(space, 'before conntrack', 'it comes by before conntrack has seen it');

/** The packets that a condition can hold for at all, negated or not. */
function placeOf(space: Space, condition: Condition, { phase }: Asking): Node {
  const { d } = space;
  switch (condition.kind) {
    case 'connmark':
    case 'tuple-address':
    case 'tuple-port':
    case 'connection-protocol':
    case 'connection-status':
    case 'connection-direction': {
      // Without a connection these hold for no packet (xt_conntrack.c, xt_connmark.c).
      const tracked = oneOf(space, 'state', [0, 1, 2]);
      return phase === 'before' ? d.and(tracked, seenBefore(space)) : tracked;
    }
    case 'mac-source':
      // xt_mac looks at Ethernet frames alone, of which lo is none.
      return d.not(oneOf(space, 'in', [0, ...classesOf(space.interfaces, 'lo')]));
    default:
      return all;
  }
}

/** conntrack looks at a packet behind the raw table, but what comes back over lo it has seen before. */
export const seenBefore = (space: Space): Node => question(space, 'seen before', 'it comes back over lo');

function positiveSet(space: Space, condition: Condition, asking: Asking): Node {
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
    case 'address-range': {
      const field = space.fields[condition.side === 'source' ? 'src' : 'dst'];
      return between(space, field, addressBits(condition.from), addressBits(condition.to));
    }
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
      // A flag that is asked for and not looked at: no packet has it (xt_tcpudp.c, tcp_mt).
      if ((condition.set & ~condition.mask) !== 0) return none;
      const bits = masked(space, space.fields.flags, bitsOf(condition.set, width), bitsOf(condition.mask, width));
      return d.and(equal(space, 'protocol', 6), bits);
    }
    case 'icmp-type':
      return icmpSet(space, condition.type, condition.code);
    case 'conntrack-state':
      return asking.phase === 'before'
        ? stateBeforeConntrack(space, condition.states)
        : stateSet(space, condition.states);
    case 'mark':
    case 'connmark': {
      // Bits of the value outside of the mask can never be met (xt_mark.c, mark_mt).
      if ((condition.value & ~condition.mask) !== 0) return none;
      const field = space.fields[condition.kind];
      return masked(space, field, bitsOf(condition.value >>> 0, 32), bitsOf(condition.mask >>> 0, 32));
    }
    case 'address-type':
      return addressTypeSet(space, condition);
    case 'statistic':
      return condition.mode === 'nth' || condition.probability >= 1 ? all : none;
    case 'field':
      return fieldSet(space, condition);
    case 'socket':
      return d.and(sentHere(space), asked(space, condition));
    default:
      return asked(space, condition);
  }
}

/** A condition that the packet decides, but not by what the space knows of it. */
function asked(space: Space, condition: Condition): Node {
  const plain = 'negated' in condition ? { ...condition, negated: false } : condition;
  return onlyNegation(space, plain) ?? question(space, JSON.stringify(plain), conditionText(plain));
}

/** `-m set ! --match-set`: an extension without a type whose one option is negated asks the same question. */
function onlyNegation(space: Space, condition: Condition): Node | null {
  if (condition.kind !== 'opaque' || condition.options.length !== 1) return null;
  const [option] = condition.options;
  if (option?.negated !== true) return null;
  const options = [{ ...option, negated: false }];
  const plain: Condition = { kind: 'opaque', module: condition.module, options };
  return space.d.not(question(space, JSON.stringify(plain), conditionText(plain)));
}

export function networkSet(space: Space, name: 'src' | 'dst', { address, mask }: Network): Node {
  return masked(space, space.fields[name], addressBits(address), addressBits(mask));
}

function rangesSet(space: Space, name: FieldName, ranges: readonly PortRange[]): Node {
  return ranges.reduce((set, { from, to }) => space.d.or(set, range(space, name, from, to)), none);
}

function portSet(space: Space, name: 'sport' | 'dport', ranges: readonly PortRange[]): Node {
  return space.d.and(oneOf(space, 'protocol', protocolsWithPorts), rangesSet(space, name, ranges));
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
  const numbers = states.map((state) => stateNumbers.indexOf(state)).filter((number) => number >= 0);
  let set = oneOf(space, 'state', numbers);
  // Only a tracked connection can have been translated.
  const tracked = oneOf(space, 'state', [0, 1, 2]);
  for (const state of ['SNAT', 'DNAT'] as const) {
    if (!states.includes(state)) continue;
    const end = state === 'SNAT' ? 'source' : 'destination';
    set = d.or(set, d.and(tracked, question(space, state, `its connection's ${end} was rewritten`)));
  }
  return set;
}

/** Before conntrack there is no connection: INVALID to xt_conntrack, and UNTRACKED once NOTRACK has refused one. */
function stateBeforeConntrack(space: Space, states: readonly ConntrackState[]): Node {
  const { d } = space;
  const refused = equal(space, 'state', stateNumbers.indexOf('UNTRACKED'));
  const plain = d.choose(refused, states.includes('UNTRACKED') ? all : none, states.includes('INVALID') ? all : none);
  return d.choose(seenBefore(space), stateSet(space, states), plain);
}

/** An IPv4 address has one type. Those of IPv6 exclude each other in part only (xt_addrtype.c, match_type6). */
function addressTypeSet(space: Space, condition: Extract<Condition, { kind: 'address-type' }>): Node {
  const numbers = condition.types.map((type) => addressTypes.indexOf(type));
  const isPlain = condition.limit === undefined && space.fields.src.width === 32 && !numbers.includes(-1);
  if (!isPlain) return asked(space, condition);
  return oneOf(space, condition.side === 'source' ? 'srcType' : 'dstType', numbers);
}

const fieldNames: Readonly<Record<Exclude<PacketField, 'uid' | 'gid'>, FieldName>> = {
  length: 'length',
  ttl: 'ttl',
  'hop-limit': 'ttl',
  dscp: 'dscp',
  'tcp-mss': 'mss',
};

function fieldSet(space: Space, condition: Extract<Condition, { kind: 'field' }>): Node {
  const { d } = space;
  const { field, ranges } = condition;
  if (ranges.length === 0) return none;
  if (field === 'uid' || field === 'gid') return d.and(sentHere(space), asked(space, condition));
  const set = rangesSet(space, fieldNames[field], ranges);
  if (field !== 'tcp-mss') return set;
  // The option stands in segments that open a connection (RFC 9293, 3.7.1).
  const opening = masked(space, space.fields.flags, bitsOf(2, 6), bitsOf(2, 6));
  return [set, equal(space, 'protocol', 6), opening].reduce((one, other) => d.and(one, other));
}

/** What is passed on belongs to no process of this host. */
function sentHere(space: Space): Node {
  const { d } = space;
  return d.or(equal(space, 'in', 0), equal(space, 'out', 0));
}
