/** What a ruleset forgets about connections: answers that are dropped, and packets that belong to none and are accepted. */

import type { Hook } from '../simulate/simulation.ts';
import { pick, valueAt } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { domainOf } from './domains.ts';
import { accepting } from './effects.ts';
import type { Finding } from './finding.ts';
import { addressBits, bitsOf, equal, type Field, firstDraw, masked, oneOf, range, type Space } from './space.ts';
import { basesOf, causePhrase, findingOf, referencesTo, referenceTo, type Subject, witnessOf } from './subject.ts';
import type { ChainFlow, RuleFlow } from './table-flow.ts';
import { takersOf } from './takers.ts';

/** Where connections are opened, and where what answers them comes by. */
const ways: readonly (readonly [Hook, Hook])[] = [
  ['output', 'input'],
  ['input', 'output'],
  ['forward', 'forward'],
];

export function findStateGaps(subject: Subject): Finding[] {
  const { flow } = subject;
  const dropped = ways.flatMap(([opening, answering]) =>
    flow.at(answering, 'filter').flatMap((replies) => droppedReplies(subject, opening, replies) ?? []),
  );
  const guards = (['input', 'forward'] as const).flatMap((hook) => flow.at(hook, 'filter'));
  return [...dropped, ...guards.flatMap((chain) => acceptedInvalid(subject, chain) ?? [])];
}

/** The interface lo, where rules tell it apart. */
function loopback(space: Space, side: 'in' | 'out'): Node {
  const at = space.interfaces.findIndex(({ kind, text }) => kind === 'name' && text === 'lo');
  return at < 0 ? none : equal(space, side, at);
}

/** More connections than are tried for a pair of chains. */
const mostTried = 60;

function droppedReplies(subject: Subject, opening: Hook, replies: ChainFlow): Finding | null {
  const { flow, space } = subject;
  const { d } = space;
  if (asksForEstablished(subject, replies)) return null;
  const verdict = flow.verdicts(replies);
  const openings = flow.at(opening, 'filter');
  // Each of the chains has to let them through.
  const accepted = openings
    .map((chain) => d.where(flow.verdicts(chain), flow.endings.accept))
    .reduce((set, one) => d.and(set, one), domainOf(space, 'filter', opening));
  const usual = [
    oneOf(space, 'protocol', [6, 17]),
    equal(space, 'state', 0),
    equal(space, 'mark', 0),
    range(space, 'sport', 32768, 60999),
    d.not(loopback(space, opening === 'output' ? 'out' : 'in')),
  ];
  const opens = usual.reduce((set, one) => d.and(set, one), accepted);
  for (const set of samples(openings, opens, d)) {
    const reply = replyTo(space, set);
    if (reply === null) continue;
    const ending = endingOf(subject, verdict, reply);
    if (ending !== 'drop' && ending !== 'reject') continue;
    const exactly = exactSet(space, reply);
    const { takers } = takersOf(flow, replies, exactly);
    if (!takers.every(({ flow: at, index }) => isDefault(at, index))) continue;
    const causes =
      takers.length > 0 ? referencesTo(subject, takers) : [referenceTo(subject, replies, replies.rules.length)];
    const witness = witnessOf(subject, replies, exactly, (one) => one.verdict === 'drop' || one.verdict === 'reject');
    if (witness === null) continue;
    const [opener = nameOf(replies, opening)] = openings.map(({ name }) => name);
    const message = `${opener} lets new connections through, but ${replies.name} drops the packets that answer them (${causePhrase(causes, replies.name)}): no rule accepts ESTABLISHED.`;
    return findingOf(subject, {
      code: 'replies-dropped',
      severity: 'warning',
      chain: replies,
      rules: [],
      causes,
      message,
      witness,
    });
  }
  return null;
}

/** A hook as chains of the table call it: iptables' are in capitals. */
const nameOf = ({ base }: ChainFlow, hook: Hook): string =>
  base?.table.bases === undefined ? hook.toUpperCase() : hook;

/** A rule that takes what no other wanted, at most of one interface: what drops by default. Others drop because somebody wanted just that. */
function isDefault({ rules }: ChainFlow, index: number): boolean {
  const asked = rules[index]?.rule.conditions ?? [];
  return asked.every(
    (one) => one.kind === 'comment' || ((one.kind === 'in-interface' || one.kind === 'out-interface') && !one.negated),
  );
}

/** Whether the state ESTABLISHED opens more than NEW does. */
function asksForEstablished(subject: Subject, replies: ChainFlow): boolean {
  const { flow, space } = subject;
  const { d } = space;
  const accepted = d.and(d.where(flow.verdicts(replies), flow.endings.accept), flow.domain(replies));
  const inState = (number: number): Node => withoutState(space, d.and(accepted, equal(space, 'state', number)));
  return !d.within(inState(1), inState(0));
}

/** The state is the first field: what is below it, whatever it is. */
function withoutState(space: Space, set: Node): Node {
  const { d } = space;
  const end = space.fields.state.start + space.fields.state.width;
  if (set === none || d.store.level(set) >= end) return set;
  return d.or(withoutState(space, d.store.low(set)), withoutState(space, d.store.high(set)));
}

function* samples(openings: readonly ChainFlow[], opens: Node, d: Space['d']): Generator<Node> {
  yield opens;
  for (const chain of openings) {
    for (const [index, one] of chain.rules.slice(0, mostTried).entries()) {
      const set = d.and(d.and(chain.reached[index] ?? none, one.set), opens);
      if (set !== none) yield set;
    }
  }
}

type Bit = (level: number) => boolean;

function likelyOnes(space: Space): Node[] {
  const [here, there] =
    space.fields.src.width === 32 ? ['192.0.2.10', '198.51.100.7'] : ['2001:db8::10', '2001:db8:1::7'];
  const { src, dst } = space.fields;
  const exactly = (field: Field, text: string) => masked(space, field, addressBits(text));
  const inPrivate = (field: Field) => masked(space, field, bitsOf(10, 8));
  const service = oneOf(space, 'dport', [443, 80, 22, 53]);
  return [
    exactly(src, here),
    exactly(dst, there),
    inPrivate(src),
    inPrivate(dst),
    service,
    range(space, 'dport', 1, 65535),
  ];
}

/** The bits of the packet that answers one packet of the set; null where there is none. */
function replyTo(space: Space, set: Node): Bit | null {
  const { d, fields } = space;
  let chosen = set;
  // Addresses that somebody could have, where the rules leave the choice.
  for (const wanted of likelyOnes(space)) {
    const narrower = d.and(chosen, wanted);
    if (narrower !== none) chosen = narrower;
  }
  const bits = pick(d, chosen);
  if (bits === null) return null;
  const swapped = new Map<number, boolean>();
  const copy = (from: Field, to: Field): void => {
    for (let index = 0; index < from.width; index++) {
      swapped.set(to.start + index, bits.get(from.start + index) ?? false);
    }
  };
  for (const [a, b] of [
    ['src', 'dst'],
    ['sport', 'dport'],
    ['in', 'out'],
  ] as const) {
    copy(fields[a], fields[b]);
    copy(fields[b], fields[a]);
  }
  copy(fields.protocol, fields.protocol);
  const put = ({ start, width }: Field, value: number): void => {
    for (const [index, bit] of bitsOf(value, width).entries()) swapped.set(start + index, bit);
  };
  put(fields.state, 1);
  put(fields.flags, 16);
  return (level) => swapped.get(level) ?? false;
}

const decided = ['state', 'in', 'out', 'protocol', 'dport', 'dst', 'src', 'sport', 'flags', 'mark'] as const;

/** The one packet with these bits, as far as its own fields go. */
function exactSet(space: Space, bit: Bit): Node {
  return decided.reduce((set, name) => {
    const { start, width } = space.fields[name];
    const bits = Array.from({ length: width }, (_, index) => bit(start + index));
    return space.d.and(set, masked(space, space.fields[name], bits));
  }, 1);
}

/** null where more than the packet's own fields decides. */
function endingOf({ flow, space }: Subject, verdict: Node, bit: Bit): string | null {
  const { start, width } = space.fields.mark;
  let open = false;
  const leaf = valueAt(space.d, verdict, (level) => {
    const type = level >= space.fields.dstType.start && level < start;
    if (type || level >= start + width) open = true;
    return bit(level);
  });
  return open ? null : (flow.endings.of(leaf)?.verdict ?? null);
}

const namesInvalid = ({ rule }: RuleFlow): boolean =>
  rule.conditions.some((one) => one.kind === 'conntrack-state' && !one.negated && one.states.includes('INVALID'));

/** A chain that refuses by default and asks for states, and lets through what conntrack can make nothing of. */
function acceptedInvalid(subject: Subject, chain: ChainFlow): Finding | null {
  const { flow, space } = subject;
  const { d } = space;
  const verdict = flow.verdicts(chain);
  const domain = flow.domain(chain);
  const invalid = [
    equal(space, 'state', 3),
    d.not(loopback(space, 'in')),
    // Neighbour discovery was INVALID to kernels before 2.6.29, and conntrack does not track it.
    d.not(equal(space, 'protocol', 58)),
  ].reduce((set, one) => d.and(set, one), domain);
  const refused = d.minus(domain, d.where(verdict, flow.endings.accept));
  const accepted = d.and(d.forgetBelow(d.where(verdict, flow.endings.accept), firstDraw), invalid);
  if (accepted === none || refused === none) return null;
  // Without a word of states, or with all of it let in, accepting INVALID is no oversight, unless a rule names it.
  const isOversight = asksForEstablished(subject, chain) && !d.within(invalid, accepted);
  for (const at of flow.chains.filter((one) => basesOf(one).includes(chain))) {
    for (const [index, one] of at.rules.entries()) {
      const part = d.and(d.and(at.reached[index] ?? none, one.set), accepted);
      if (one.effect.kind !== 'end' || one.effect.ending !== accepting || part === none) continue;
      const isNamed = namesInvalid(one);
      if (!isNamed && !isOversight) continue;
      const cause = referenceTo(subject, at, index);
      const message = `Packets that belong to no connection (state INVALID) are accepted by ${causePhrase([cause], chain.name)}.`;
      const witness = witnessOf(subject, chain, part, (simulation) => simulation.verdict === 'accept');
      return findingOf(subject, {
        code: 'invalid-accepted',
        severity: isNamed ? 'warning' : 'note',
        chain,
        rules: [],
        causes: [cause],
        message,
        witness,
      });
    }
  }
  return null;
}
