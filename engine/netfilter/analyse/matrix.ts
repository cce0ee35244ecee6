/** Who may open what to whom: what the rules of a hook do to new connections, as a table of few rows. */

import { placesAt } from '../base-chains.ts';
import type { Ruleset } from '../model.ts';
import { leavesOf, levelsOf, valueAt } from './diagram-walks.ts';
import type { Node } from './diagrams.ts';
import { typesOf } from './domains.ts';
import type { Ending } from './effects.ts';
import { Endings } from './endings.ts';
import { domainOfHook, hookFunction, questionsOf } from './hook-function.ts';
import { type MatrixCells, mergedCells, takenApart } from './matrix-cells.ts';
import { interfacesText, networksText, portsText, protocolsText } from './service-text.ts';
import { addressBitsOf, bitsOf, equal, makeSpace, type Space } from './space.ts';

export type MatrixVerdict = 'accept' | 'drop' | 'reject' | 'depends';

/** One row: all packets with one of each. Names of interfaces, networks in CIDR form or ranges; `any` for all. */
export interface MatrixRow {
  readonly verdict: MatrixVerdict;
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly protocols: readonly string[];
  /** Ports of tcp, udp and their like, "type 8" of ICMP; empty where any will do. */
  readonly ports: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** What decides, where addresses, interfaces and ports alone do not. */
  readonly dependsOn: readonly string[];
}

export interface Matrix {
  readonly hook: MatrixHook;
  /** What becomes of connections that no row speaks of. */
  readonly otherwise: MatrixVerdict;
  readonly rows: readonly MatrixRow[];
}

export type MatrixHook = 'input' | 'forward' | 'output';

/**
 * The table of one hook, all its tables taken together: packets that open a connection (state NEW, a SYN for tcp) with no mark, of every
 * interface, protocol, port and address. Throws TooLargeError for a ruleset whose table would be too long to be of use.
 */
export function serviceMatrix(ruleset: Ruleset, hook: MatrixHook): Matrix {
  const space = makeSpace([ruleset], { addressBits: addressBitsOf(ruleset.family) });
  const { d } = space;
  const endings = new Endings(d);
  const { verdict } = hookFunction(space, endings, placesAt([ruleset], hook));
  const opening = [
    equal(space, 'state', 0),
    equal(space, 'mark', 0),
    equal(space, 'connmark', 0),
    d.or(equal(space, 'flags', 2), d.not(equal(space, 'protocol', 6))),
    usualTypes(space, hook),
  ].reduce((set, one) => d.and(set, one), domainOfHook(space, hook, [ruleset]));
  const leaves = new Map<Node, Leaf>();
  const f = onlyRowFields(space, endings, d.choose(opening, verdict, endings.absent), leaves);
  const otherwise = valueAt(d, f, unusual(space, hook));
  const cells = takenApart(space, f, new Set([endings.absent, otherwise]));
  const rows = mergedCells(space, cells).map((one) => textOf(space, ruleset, one, leaves));
  return { hook, otherwise: leaves.get(otherwise)?.verdict ?? 'drop', rows: rows.sort(byVerdict) };
}

/** What addresses are to the host, where they tell no more: its own on its side of the way, of others on the other. */
function usualTypes(space: Space, hook: MatrixHook): Node {
  if (!space.asksTypes) return 1;
  const destination = typesOf(space, 'dst', (type) => type(hook === 'input' ? 'LOCAL' : 'UNICAST'));
  const source = typesOf(space, 'src', (type) => type(hook === 'output' ? 'LOCAL' : 'UNICAST'));
  return space.d.and(destination, source);
}

interface Leaf {
  readonly verdict: MatrixVerdict;
  readonly dependsOn: readonly string[];
}

/** The function with what is below the fields of rows told by one leaf: a verdict, or what it depends on. */
function onlyRowFields(space: Space, endings: Endings, f: Node, leaves: Map<Node, Leaf>): Node {
  const { d, fields } = space;
  const end = fields.src.start + fields.src.width;
  const done = new Map<Node, Node>();
  const walk = (node: Node): Node => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const level = d.store.level(node);
    const answer =
      level < end
        ? d.store.make(level, walk(d.store.low(node)), walk(d.store.high(node)))
        : leafFor(space, endings, node, leaves);
    done.set(node, answer);
    return answer;
  };
  // The state is asked above all other fields; it is NEW.
  let first = f;
  while (d.store.level(first) < fields.in.start) first = d.store.low(first);
  return walk(first);
}

function leafFor(space: Space, endings: Endings, node: Node, leaves: Map<Node, Leaf>): Node {
  const { d } = space;
  const found = leavesOf(d, node);
  found.delete(endings.absent);
  const verdicts = new Set([...found].map((leaf) => verdictOf(endings.of(leaf))));
  const [only] = verdicts;
  if (only === undefined) return endings.absent;
  const isSure = verdicts.size === 1 && only !== 'depends';
  const dependsOn = isSure ? [] : reasonsOf(space, endings, node, found);
  const key = isSure ? `matrix ${only}` : `matrix depends ${dependsOn.join('\n')}`;
  const leaf = endings.leaf({ verdict: 'unknown', key });
  leaves.set(leaf, { verdict: isSure ? only : 'depends', dependsOn });
  return leaf;
}

function verdictOf(ending: Ending | null): MatrixVerdict {
  if (ending === null || ending.verdict === 'unknown') return 'depends';
  return ending.verdict === 'rewrite' ? 'accept' : ending.verdict;
}

const lowerFields = {
  sport: 'the source port',
  ttl: 'its TTL',
  length: 'its length',
  dscp: 'its DSCP',
  mss: 'its MSS',
} as const;

function reasonsOf(space: Space, endings: Endings, node: Node, leaves: ReadonlySet<Node>): string[] {
  const levels = levelsOf(space.d, node);
  const named = Object.entries(lowerFields).flatMap(([name, text]) => {
    const { start, width } = space.fields[name as keyof typeof lowerFields];
    return Array.from({ length: width }, (_, index) => start + index).some((level) => levels.has(level)) ? [text] : [];
  });
  const targets = [...leaves].some((leaf) => verdictOf(endings.of(leaf)) === 'depends')
    ? ['what a target decides']
    : [];
  return [...named, ...questionsOf(space, levels), ...targets];
}

/** A packet that no rule speaks of, were rules not to speak of all: other interfaces, an experimental protocol (RFC 3692). */
function unusual(space: Space, hook: MatrixHook): (level: number) => boolean {
  const values = { in: hook === 'output' ? 0 : 1, out: hook === 'input' ? 0 : 1, protocol: 253 };
  const bits = new Map<number, boolean>();
  for (const name of ['in', 'out', 'protocol'] as const) {
    const { start, width } = space.fields[name];
    for (const [index, bit] of bitsOf(values[name], width).entries()) bits.set(start + index, bit);
  }
  return (level) => bits.get(level) ?? false;
}

function textOf(
  space: Space,
  ruleset: Ruleset,
  { sets, leaf }: MatrixCells,
  leaves: ReadonlyMap<Node, Leaf>,
): MatrixRow {
  const width = addressBitsOf(ruleset.family);
  return {
    ...(leaves.get(leaf) ?? { verdict: 'depends', dependsOn: [] }),
    in: interfacesText(space, 'in', sets.in),
    out: interfacesText(space, 'out', sets.out),
    protocols: protocolsText(space, sets.protocol),
    ports: sets.dport === 1 ? '' : portsText(space, sets.protocol, sets.dport),
    from: networksText(space, 'src', sets.src, width),
    to: networksText(space, 'dst', sets.dst, width),
  };
}

const verdicts: readonly MatrixVerdict[] = ['accept', 'depends', 'reject', 'drop'];

function byVerdict(a: MatrixRow, b: MatrixRow): number {
  const byRank = verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict);
  if (byRank !== 0) return byRank;
  const key = (row: MatrixRow) => [...row.in, '', ...row.out, '', ...row.protocols].join(' ');
  if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1;
  return (Number.parseInt(a.ports, 10) || 0) - (Number.parseInt(b.ports, 10) || 0);
}
