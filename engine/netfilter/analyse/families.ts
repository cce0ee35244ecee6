/** What one family's rules refuse and the other's accept, of services that both families have: tcp and udp, from outside. */

import { type Place, placesOf } from '../base-chains.ts';
import { findTable } from '../find.ts';
import type { Family, Ruleset } from '../model.ts';
import type { Hook } from '../simulate/simulation.ts';
import { forget } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { domainOf } from './domains.ts';
import { Endings } from './endings.ts';
import type { Finding, Severity } from './finding.ts';
import { serviceText } from './service-text.ts';
import { bitsOf, equal, firstDraw, masked, oneOf, type Space } from './space.ts';
import { basesOf, causePhrase, findingOf, referenceTo, type Subject, subjectOf, witnessOf } from './subject.ts';
import { type ChainFlow, TableFlow } from './table-flow.ts';

const guarded: readonly Hook[] = ['input', 'forward'];

/** The rules of one family that filter. */
interface Side {
  readonly ruleset: Ruleset;
  /** One for each table. */
  readonly subjects: readonly Subject[];
}

/** `space` has 128 address bits; of an IPv4 address the first 32 count. */
export function compareFamilies(space: Space, rulesets: readonly Ruleset[]): Finding[] {
  const endings = new Endings(space.d);
  const four = rulesets.find(({ family }) => family === 'ipv4');
  const six = rulesets.find(({ family }) => family === 'ipv6');
  if (four === undefined || six === undefined) return [];
  const [side4, side6] = [sideOf(space, endings, four), sideOf(space, endings, six)];
  if (side4 === null || side6 === null) return [];
  return guarded.flatMap((hook) => [...openOnly(space, side6, side4, hook), ...openOnly(space, side4, side6, hook)]);
}

/** null where one of the tables could not be read. */
function sideOf(space: Space, endings: Endings, ruleset: Ruleset): Side | null {
  const tables = ruleset.tables.filter(
    (table) => findTable(ruleset, table.name) === table && placesOf(table, ruleset.backend).some(isFilter),
  );
  if (tables.some(({ unreadable }) => unreadable !== undefined)) return null;
  const { backend } = ruleset;
  const subjects = tables.map((table) => subjectOf(ruleset, new TableFlow(space, endings, table, { backend })));
  return { ruleset, subjects };
}

const isFilter = ({ as }: Place): boolean => as === 'filter';
const chainsAt = ({ subjects }: Side, hook: Hook): ChainFlow[] =>
  subjects.flatMap(({ flow }) => flow.at(hook, 'filter'));
const isOfNft = ({ ruleset }: Side): boolean => ruleset.tables.some(({ bases }) => bases !== undefined);

/** What the chains of `open` accept from anywhere of what the other family's refuse from everywhere. */
function openOnly(space: Space, open: Side, closed: Side, hook: Hook): Finding[] {
  const { d } = space;
  const chains = chainsAt(open, hook);
  // A family that refuses nothing has nothing that the other could have forgotten. One without rules accepts; of iptables it is not said whether
  // there are none.
  if (chainsAt(closed, hook).length === 0) return [];
  if (chains.length === 0 && !isOfNft(closed)) return [];
  const refused = d.minus(
    services(space, newFromOutside(space, closed.ruleset, hook)),
    services(space, acceptedBy(space, closed, hook)),
  );
  const accepted = acceptedBy(space, open, hook);
  const hole = d.and(services(space, accepted), refused);
  if (hole === none) return [];
  const both = d.and(accepted, hole);
  const names = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;
  const refusing = names[closed.ruleset.family];
  const accepting = names[open.ruleset.family];
  const [guard] = closed.subjects.filter(({ flow }) => flow.at(hook, 'filter').length > 0);
  const [at] = guard?.flow.at(hook, 'filter') ?? [];
  if (chains.length === 0 && guard !== undefined && at !== undefined) {
    const message = `${accepting} accepts ${serviceText(space, both)} at ${hook}, for no chain filters it there; ${refusing} refuses it.`;
    const severity = severityOf(open, 'other-family-open');
    const found = findingOf(guard, { code: 'other-family-open', severity, chain: at, rules: [], message });
    return [{ ...found, family: open.ruleset.family }];
  }
  // Of several chains those are to blame that refuse by default, else those that refuse anything at all.
  const everything = newFromOutside(space, open.ruleset, hook);
  const refuses = (subject: Subject, chain: ChainFlow): boolean => !d.within(everything, acceptedOf(subject, chain));
  const blamed = open.subjects.flatMap((subject) =>
    subject.flow.at(hook, 'filter').map((chain) => ({ subject, chain })),
  );
  const guards = blamed.filter(({ subject, chain }) => refuses(subject, chain));
  const strict = guards.filter(({ chain }) => chain.chain.policy === 'DROP');
  const found = [strict, guards, blamed].find(({ length }) => length > 0) ?? [];
  return found.flatMap(({ subject, chain }) => holes(subject, chain));

  /** Where a chain of the open family lets the packets through. */
  function holes(subject: Subject, chain: ChainFlow): Finding[] {
    const findings: Finding[] = [];
    for (const from of subject.flow.chains.filter((one) => basesOf(one).includes(chain))) {
      for (const [index, one] of from.rules.entries()) {
        if (one.effect.kind !== 'end' || one.effect.ending.verdict !== 'accept') continue;
        const part = d.and(d.and(from.reached[index] ?? none, one.set), both);
        if (part === none || findings.some(({ chain: of, rules }) => of === from.name && rules.includes(one.number)))
          continue;
        const cause = referenceTo(subject, from, index);
        const message = `${accepting} accepts ${serviceText(space, part)} in ${chain.name} by ${causePhrase([cause], '')}; ${refusing} refuses it.`;
        findings.push(remark(subject, open, from, [index], 'no-counterpart', message, part));
      }
    }
    const rest = d.and(chain.reached.at(-1) ?? none, both);
    if (chain.chain.policy !== 'DROP' && rest !== none) {
      const message = `${accepting} accepts ${serviceText(space, rest)} in ${chain.name} by its policy; ${refusing} refuses it.`;
      findings.push(remark(subject, open, chain, [], 'other-family-open', message, rest));
    }
    return findings;
  }
}

function severityOf({ ruleset }: Side, code: 'no-counterpart' | 'other-family-open'): Severity {
  if (ruleset.family !== 'ipv6') return 'note';
  return code === 'other-family-open' ? 'error' : 'warning';
}

function remark(
  subject: Subject,
  side: Side,
  chain: ChainFlow,
  rules: readonly number[],
  code: 'no-counterpart' | 'other-family-open',
  message: string,
  part: Node,
): Finding {
  const severity = severityOf(side, code);
  const witness = witnessOf(subject, chain, part, (simulation) => simulation.verdict === 'accept');
  return findingOf(subject, { code, severity, chain, rules, message, witness });
}

/** What all chains accept of what opens a connection from outside, whatever limits and sets say. */
function acceptedBy(space: Space, side: Side, hook: Hook): Node {
  const { d } = space;
  const accepted = side.subjects.flatMap((subject) =>
    subject.flow.at(hook, 'filter').map((chain) => acceptedOf(subject, chain)),
  );
  return accepted.reduce((set, one) => d.and(set, one), newFromOutside(space, side.ruleset, hook));
}

const acceptedOf = ({ flow, space: { d } }: Subject, chain: ChainFlow): Node =>
  d.forgetBelow(d.where(flow.verdicts(chain), flow.endings.accept), firstDraw);

function newFromOutside(space: Space, ruleset: Ruleset, hook: Hook): Node {
  const { d } = space;
  const loopback = space.interfaces.findIndex(({ kind, text }) => kind === 'name' && text === 'lo');
  return [
    equal(space, 'state', 0),
    oneOf(space, 'protocol', [6, 17]),
    d.not(equal(space, 'in', loopback)),
    equal(space, 'mark', 0),
    ...(['src', 'dst'] as const).map((side) => unicast(space, ruleset.family, side)),
  ].reduce((set, one) => d.and(set, one), domainOf(space, 'filter', hook));
}

/** Addresses that are routed: IPv6's 2000::/3 (RFC 4291), of IPv4 all below 224.0.0.0. */
function unicast(space: Space, family: Family, side: 'src' | 'dst'): Node {
  const field = space.fields[side];
  if (family === 'ipv6') return masked(space, field, bitsOf(1, 3));
  return space.d.not(masked(space, field, bitsOf(7, 3)));
}

/** Without addresses and all that is not the service: protocol, port, interfaces. */
function services(space: Space, set: Node): Node {
  const kept = (['in', 'out', 'protocol', 'dport'] as const).map((name) => space.fields[name]);
  const isKept = (level: number) => kept.some(({ start, width }) => level >= start && level < start + width);
  return forget(space.d, set, (level) => !isKept(level));
}
