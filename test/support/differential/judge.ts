/** Whether the simulator said what the kernel did. */

import {
  type HostState,
  type Outcome,
  parseSave,
  type Rewrites,
  type Ruleset,
  type Simulation,
  simulate,
} from '../../../engine/netfilter/index.ts';
import type { PacketAnswer } from './kernel.ts';
import { simulatorPacket, stateOf, type TestPacket } from './test-packet.ts';
import { fromBytes, type Headers, icmpOf } from './wire.ts';

/** What the kernel did with a packet, free of how it was read. */
export interface Observed {
  /** `answered`: it ended and the host answered as REJECT does. `none`: it ended without a word. */
  readonly end: 'accept' | 'answered' | 'none';
  /** As it was delivered or sent on. */
  readonly left: (Headers & { readonly mark: number; readonly out: string | null }) | null;
  /** The answer, where there was one: "tcp-reset" or "icmp TYPE CODE". */
  readonly answer: string | null;
  /** "TABLE CHAIN RULE" and how often it matched; rule 0 is the policy. */
  readonly matched: Readonly<Record<string, number>>;
  /** The same in the order of nft's trace; null where there is none. */
  readonly order: readonly string[] | null;
  /** conntrack's word between raw and mangle; null where it did not come so far. */
  readonly state: string | null;
  /** It could not be sent at all: errno's name. */
  readonly error: string | null;
}

/** "TABLE CHAIN RULE" of each line of what iptables-save printed. */
function placesOf(saved: readonly string[]): readonly string[] {
  let table = '';
  const counts = new Map<string, number>();
  return saved.map((line) => {
    if (line.startsWith('*')) {
      table = line.slice(1).trim();
      return '';
    }
    if (line.startsWith(':')) return `${table} ${line.slice(1).split(' ')[0]} 0`;
    const chain = / -A (\S+)/.exec(line)?.[1] ?? '';
    const number = (counts.get(`${table} ${chain}`) ?? 0) + 1;
    counts.set(`${table} ${chain}`, number);
    return `${table} ${chain} ${number}`;
  });
}

export function observe(packet: TestPacket, answer: PacketAnswer, saved: readonly string[], traced: boolean): Observed {
  const places = placesOf(saved);
  const six = packet.src.includes(':');
  const last = answer.seen.findLast((one) => one.prefix === 'input' || one.prefix === 'leave');
  const replies = answer.seen
    .filter((one) => one.prefix === 'reply' && one.packet !== undefined)
    .map((one) => fromBytes(Buffer.from(one.packet ?? '', 'hex')))
    .filter((one) => !isHousekeeping(one));
  const reply = replies[0];
  const accepted = last?.packet !== undefined;
  return {
    end: accepted ? 'accept' : reply === undefined ? 'none' : 'answered',
    left:
      last?.packet === undefined
        ? null
        : { ...fromBytes(Buffer.from(last.packet, 'hex')), mark: last.mark ?? 0, out: last.out ?? null },
    answer:
      accepted || reply === undefined
        ? null
        : reply.protocol === icmpOf(six ? 'ipv6' : 'ipv4')
          ? `icmp ${reply.icmpType} ${reply.icmpCode}`
          : 'tcp-reset',
    matched: Object.fromEntries(answer.moved.map(([index, by]) => [places[index] ?? '', by])),
    order: traced ? answer.trace.map((step) => step.join(' ')) : null,
    state: answer.seen.find((one) => !['input', 'leave', 'reply', 'lost'].includes(one.prefix))?.prefix ?? null,
    error: answer.error ?? null,
  };
}

/** Multicast listener and neighbour discovery of the host's own. */
const isHousekeeping = ({ protocol, dst, icmpType }: Headers): boolean =>
  protocol === 0 || dst.startsWith('ff02:') || (protocol === 58 && (icmpType ?? 0) >= 130);

export interface Question {
  readonly ruleset: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly backend: 'nft' | 'legacy';
  readonly state: HostState;
  readonly packet: TestPacket;
  /** Something in the ruleset depends on more than the packet and the host. */
  readonly outside: boolean;
}

export interface Verdict {
  /** Empty where both agree. */
  readonly disagreements: readonly string[];
  readonly unknown: boolean;
}

export function simulation(question: Question, ruleset?: Ruleset): Simulation {
  const { family, packet, state } = question;
  return simulate({
    ruleset: ruleset ?? parseSave(question.ruleset, { family, backend: question.backend }),
    packet: simulatorPacket(packet, family),
    hook: packet.via === 'output' ? 'output' : 'prerouting',
    state,
  });
}

export function judge(question: Question, observed: Observed, ruleset?: Ruleset): Verdict {
  const harness = harnessFault(question, observed);
  if (harness !== null) return { disagreements: [harness], unknown: false };
  const said = simulation(question, ruleset);
  const ways = said.outcomes.map((outcome) => differences(outcome, observed));
  const open = said.outcomes.flatMap((outcome) => outcome.walk.filter((step) => step.matched === null));
  const unknown = said.verdict === 'unknown' || said.outcomes.length > 1 || said.unknown.length > 0 || open.length > 0;
  if (unknown && !question.outside) {
    const reasons = [...said.unknown, ...open.map((step) => step.why)];
    return { disagreements: [`unknown without need: ${[...new Set(reasons)].join('; ')}`], unknown };
  }
  if (ways.some((found) => found.length === 0)) return { disagreements: [], unknown };
  const certain = said.outcomes[0] === undefined ? [] : differencesOfBeginning(said.outcomes[0], observed);
  if (unknown && certain.length > 0) return { disagreements: certain, unknown };
  // Of outcomes that came to the same, one walk stands for all: where more than one way was open, the end alone is compared.
  if (unknown) {
    const ends = said.outcomes.map((outcome) => differencesOfEnd(outcome, observed));
    if (ends.some((found) => found.length === 0)) return { disagreements: [], unknown };
    return {
      disagreements: [`none of the ${ends.length} outcomes: ${ends.map((found) => found.join(', ')).join(' / ')}`],
      unknown,
    };
  }
  return { disagreements: ways[0] ?? [], unknown };
}

/** Where the test itself was wrong about what it sent. */
function harnessFault({ packet, family }: Question, { state }: Observed): string | null {
  const expected = stateOf(packet, family);
  if (state === null || state === expected || state === 'UNTRACKED') return null;
  return `harness: conntrack says ${state}, the test expected ${expected}`;
}

function differences(outcome: Outcome, observed: Observed): string[] {
  const found = differencesOfEnd(outcome, observed);
  const matched = outcome.walk.filter((step) => step.matched === true && step.table !== 'routing');
  const names = matched.map((step) => `${step.table} ${step.chain} ${step.rule}`);
  const said: Record<string, number> = {};
  for (const name of names) said[name] = (said[name] ?? 0) + 1;
  for (const name of new Set([...names, ...Object.keys(observed.matched)])) {
    const [a = 0, b = 0] = [said[name], observed.matched[name]];
    if (a !== b) found.push(`${name} matched ${a} times, in the kernel ${b} times`);
  }
  if (found.length === 0 && observed.order !== null && observed.order.join() !== names.join()) {
    found.push(`order ${names.join(', ')}; in the kernel ${observed.order.join(', ')}`);
  }
  return found;
}

/** What is sure of a walk: the steps before the first that nobody can tell. */
function differencesOfBeginning(outcome: Outcome, observed: Observed): string[] {
  const first = outcome.walk.findIndex((step) => step.matched === null);
  const sure = outcome.walk.slice(0, first < 0 ? outcome.walk.length : first);
  const names = sure
    .filter((step) => step.matched === true && step.table !== 'routing')
    .map((step) => `${step.table} ${step.chain} ${step.rule}`);
  if (first < 0) return [];
  if (observed.order !== null) {
    const begun = observed.order.slice(0, names.length);
    return begun.join() === names.join() ? [] : [`begins ${names.join(', ')}; in the kernel ${begun.join(', ')}`];
  }
  return names
    .filter((name) => observed.matched[name] === undefined)
    .map((name) => `${name} matched, in the kernel it did not`);
}

const keys = ['src', 'dst', 'sport', 'dport', 'ttl', 'dscp', 'mark', 'mss'] as const;

function differencesOfEnd(outcome: Outcome, observed: Observed): string[] {
  const { verdict, packet, rewrites } = outcome;
  const accepted = observed.end === 'accept';
  if ((verdict === 'accept') !== accepted)
    return [
      `verdict ${verdict}, in the kernel ${observed.end}${observed.error === null ? '' : ` (${observed.error})`}`,
    ];
  // A rejected packet that nobody is told of (an ICMP error, one to a group) is as good as dropped.
  if (verdict === 'drop' && observed.end === 'answered' && isRejection(observed.answer)) {
    return [`verdict drop, in the kernel answered with ${observed.answer}`];
  }
  if (verdict === 'reject' && observed.answer !== null) {
    const expected = answerOf(outcome);
    if (expected !== observed.answer) return [`rejected with ${expected}, in the kernel ${observed.answer}`];
  }
  const { left } = observed;
  if (left === null) return [];
  const found: string[] = [];
  for (const key of keys) {
    const said = packet[key] ?? (key === 'mark' ? 0 : undefined);
    // A segment size that depends on the way's MTU is none that the host's state has.
    if (said === undefined && (key === 'mss' || isOpen(rewrites, key))) continue;
    if (said !== left[key]) found.push(`${key} ${said}, in the kernel ${left[key]}`);
  }
  return found;
}

/** What REJECT sends (ipt_REJECT.c, ip6t_REJECT.c), as ICMP's type and code. */
const answers: Readonly<Record<string, string>> = {
  'tcp-reset': 'tcp-reset',
  'icmp-port-unreachable': 'icmp 3 3',
  'icmp-host-prohibited': 'icmp 3 10',
  'icmp-admin-prohibited': 'icmp 3 13',
  'icmp6-port-unreachable': 'icmp 1 4',
  'icmp6-adm-prohibited': 'icmp 1 1',
  'icmp6-no-route': 'icmp 1 0',
};

function answerOf({ walk, packet }: Outcome): string {
  const action = walk.at(-1)?.of?.action;
  const by = action?.kind === 'reject' ? action.with : '';
  const usual = packet.family === 'ipv6' ? 'icmp6-port-unreachable' : 'icmp-port-unreachable';
  return answers[by === '' ? usual : by] ?? by;
}

/** Changed by nat to one of several values. */
const isOpen = (rewrites: Rewrites, key: string): boolean =>
  key in rewrites && rewrites[key as keyof Rewrites] === null;

/** Answers that routing does not give by itself: time exceeded is none. */
const isRejection = (answer: string | null): boolean => answer === 'tcp-reset';
