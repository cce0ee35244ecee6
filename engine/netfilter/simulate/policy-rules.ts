/** The routing policy database (ip-rule(8)): which table is asked for which packet. */

import { readNetwork } from '../addresses.ts';
import type { Family, Network, PortRange } from '../model.ts';
import { protocolNumber } from '../protocols.ts';
import { isInNetwork } from './host-state.ts';
import { hasPorts } from './packet.ts';

/** What a routing decision is made from (struct flowi). */
export interface RouteQuestion {
  readonly family: Family;
  readonly dst: string;
  /** Missing: not known. A packet of this host whose source is not chosen yet has the unspecified address. */
  readonly src?: string;
  /** `lo` for packets of this host; missing: not known. */
  readonly iif?: string;
  /** Only where the sender bound itself to an interface. */
  readonly oif?: string;
  readonly mark: number;
  readonly protocol?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly uid?: number;
  /** A source looked for as a destination (fib_lookup()): that it is a group's address means nothing then. */
  readonly backwards?: true;
}

export type PolicyAction =
  | { readonly kind: 'lookup'; readonly table: string }
  | { readonly kind: 'refuse'; readonly type: 'blackhole' | 'unreachable' | 'prohibit' }
  | { readonly kind: 'goto'; readonly priority: number }
  | { readonly kind: 'nop' };

export interface PolicyRule {
  readonly priority: number;
  readonly text: string;
  readonly action: PolicyAction;
  /** Routes of the table with a shorter prefix than this, or as short, do not count (suppress_prefixlength). */
  readonly suppress: number | null;
  /** Whether the rule is for such packets; null where that is not known. */
  readonly takes: (question: RouteQuestion) => boolean | null;
}

/** The three that every host has unless somebody took them away. */
export const defaultRules = [
  { priority: 0, text: 'from all lookup local' },
  { priority: 32766, text: 'from all lookup main' },
  { priority: 32767, text: 'from all lookup default' },
] as const;

const tableNames: Readonly<Record<string, string>> = { '254': 'main', '253': 'default', '255': 'local', '': 'main' };

/** A table by the name that `ip route` prints for it where it has one. */
export const tableName = (table: string): string => tableNames[table] ?? table;

type Test = (question: RouteQuestion) => boolean | null;

/** Reads a rule as `ip rule` prints it, without its priority. What it asks for and is not known here makes its answer null. */
export function readPolicyRule(family: Family, priority: number, text: string): PolicyRule {
  const words = text.trim().split(/\s+/);
  const tests: Test[] = [];
  let action: PolicyAction = { kind: 'nop' };
  let suppress: number | null = null;
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const value = () => words[++at] ?? '';
    const test = Object.hasOwn(selectors, word) ? selectors[word] : undefined;
    if (word === 'not') negated = true;
    else if (test !== undefined) tests.push(test(value(), family));
    else if (word === 'lookup' || word === 'table') action = { kind: 'lookup', table: tableName(value()) };
    else if (word === 'blackhole' || word === 'unreachable' || word === 'prohibit')
      action = { kind: 'refuse', type: word };
    else if (word === 'goto') action = { kind: 'goto', priority: Number(value()) };
    else if (word === 'suppress_prefixlength') suppress = Number(value());
    else if (word === 'proto' || word === 'protocol' || word === 'realms') value();
    else if (!['nop', 'to_tbl', '[detached]', '[unresolved]', 'unicast'].includes(word)) tests.push(() => null);
  }
  const takes = (question: RouteQuestion): boolean | null => {
    const answers = tests.map((test) => test(question));
    const all = answers.includes(false) ? false : answers.includes(null) ? null : true;
    return all === null ? null : all !== negated;
  };
  return { priority, text, action, suppress, takes };
}

const selectors: Readonly<Record<string, (value: string, family: Family) => Test>> = {
  from: (value, family) => inNetwork(value, family, (question) => question.src),
  to: (value, family) => inNetwork(value, family, (question) => question.dst),
  fwmark: (value) => {
    const [mark = 0, mask = 0xffffffff] = value.split('/').map(Number);
    return (question) => (question.mark & mask) >>> 0 === (mark & mask) >>> 0;
  },
  iif: (value) => (question) => (question.iif === undefined ? null : question.iif === value),
  oif: (value) => (question) => question.oif === value,
  ipproto: (value) => (question) =>
    question.protocol === undefined ? null : question.protocol === (protocolNumber(value) ?? Number(value)),
  sport: (value) => portTest(value, (question) => question.sport),
  dport: (value) => portTest(value, (question) => question.dport),
  uidrange: (value) => {
    const range = rangeOf(value);
    return ({ uid }) => (uid === undefined ? null : uid >= range.from && uid <= range.to);
  },
  tos: (value) => (/^(0x)?0+$/.test(value) ? () => true : () => null),
};

function inNetwork(value: string, family: Family, of: (question: RouteQuestion) => string | undefined): Test {
  if (value === 'all' || value === 'any') return () => true;
  const network: Network | null = readNetwork(value, family);
  return (question) => {
    const address = of(question);
    return network === null || address === undefined ? null : isInNetwork(address, network);
  };
}

function portTest(value: string, of: (question: RouteQuestion) => number | undefined): Test {
  const range = rangeOf(value);
  return (question) => {
    const port = of(question);
    // A protocol without ports has none that a rule could take (fib_rule_port_inrange of flows without ports).
    if (port === undefined) return question.protocol === undefined || hasPorts(question.protocol) ? null : false;
    return port >= range.from && port <= range.to;
  };
}

function rangeOf(text: string): PortRange {
  const [from = 0, to = from] = text.split('-').map(Number);
  return { from, to };
}
