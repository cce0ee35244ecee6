/** What one family's rules refuse and the other's accept, of services that both families have: tcp and udp, from outside. */

import { findTable } from '../find.ts';
import type { Family, Ruleset } from '../model.ts';
import { forget } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { domainOf } from './domains.ts';
import { Endings } from './endings.ts';
import type { Finding } from './finding.ts';
import { serviceText } from './service-text.ts';
import { bitsOf, equal, firstDraw, masked, oneOf, type Space } from './space.ts';
import { causePhrase, findingOf, referenceTo, type Subject, subjectOf, witnessOf } from './subject.ts';
import { type ChainFlow, TableFlow } from './table-flow.ts';

const chains: readonly string[] = ['INPUT', 'FORWARD'];

/** `space` has 128 address bits; of an IPv4 address the first 32 count. */
export function compareFamilies(space: Space, rulesets: readonly Ruleset[]): Finding[] {
  const endings = new Endings(space.d);
  const four = rulesets.find(({ family }) => family === 'ipv4');
  const six = rulesets.find(({ family }) => family === 'ipv6');
  if (four === undefined || six === undefined) return [];
  const [subject4, subject6] = [subjectFor(space, endings, four), subjectFor(space, endings, six)];
  if (subject4 === null || subject6 === null) return [];
  return chains.flatMap((name) => [...openOnly(subject6, subject4, name), ...openOnly(subject4, subject6, name)]);
}

function subjectFor(space: Space, endings: Endings, ruleset: Ruleset): Subject | null {
  const table = findTable(ruleset, 'filter') ?? { name: 'filter', chains: [] };
  return table.unreadable === undefined ? subjectOf(ruleset, new TableFlow(space, endings, table)) : null;
}

/** What the chain of `open` accepts from anywhere of what the other family's refuses from everywhere. */
function openOnly(open: Subject, closed: Subject, name: string): Finding[] {
  const { space } = open;
  const { d } = space;
  const chain = open.flow.find(name);
  const other = closed.flow.find(name);
  // A family without rules accepts; one that refuses nothing has nothing that the other could have forgotten.
  if (other === undefined || chain === undefined) return [];
  const refused = d.minus(
    services(space, newFromOutside(closed, name)),
    services(space, acceptedBy(closed, other, name)),
  );
  const accepted = acceptedBy(open, chain, name);
  const hole = d.and(services(space, accepted), refused);
  if (hole === none) return [];
  const both = d.and(accepted, hole);
  const findings: Finding[] = [];
  const names = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;
  const refusing = names[closed.ruleset.family];
  const accepting = names[open.ruleset.family];
  for (const at of open.flow.chains) {
    for (const [index, one] of at.rules.entries()) {
      if (one.effect.kind !== 'end' || one.effect.ending.verdict !== 'accept') continue;
      const part = d.and(d.and(at.reached[index] ?? none, one.set), both);
      if (part === none) continue;
      const cause = referenceTo(open, at, index);
      const message = `${accepting} accepts ${serviceText(space, part)} in ${name} by ${causePhrase([cause], '')}; ${refusing} refuses it.`;
      findings.push(remark(open, at, [index], 'no-counterpart', message, part));
    }
  }
  const rest = d.and(chain.reached.at(-1) ?? none, both);
  if (chain.chain.policy !== 'DROP' && rest !== none) {
    const message = `${accepting} accepts ${serviceText(space, rest)} in ${name} by its policy; ${refusing} refuses it.`;
    findings.push(remark(open, chain, [], 'other-family-open', message, rest));
  }
  return findings;
}

function remark(
  open: Subject,
  chain: ChainFlow,
  rules: readonly number[],
  code: 'no-counterpart' | 'other-family-open',
  message: string,
  part: Node,
): Finding {
  const six = open.ruleset.family === 'ipv6';
  const severity = !six ? 'note' : code === 'other-family-open' ? 'error' : 'warning';
  const witness = witnessOf(open, chain, part, (simulation) => simulation.verdict === 'accept');
  return findingOf(open, { code, severity, chain, rules, message, witness });
}

/** Which a chain accepts of those that open a connection from outside, whatever limits and sets say. */
function acceptedBy(subject: Subject, chain: ChainFlow, name: string): Node {
  const { flow, space } = subject;
  const { d } = space;
  const accepted = d.forgetBelow(d.where(flow.verdicts(chain), flow.endings.accept), firstDraw);
  return d.and(accepted, newFromOutside(subject, name));
}

function newFromOutside({ space, ruleset }: Subject, name: string): Node {
  const { d } = space;
  const loopback = space.interfaces.findIndex(({ kind, text }) => kind === 'name' && text === 'lo');
  return [
    equal(space, 'state', 0),
    oneOf(space, 'protocol', [6, 17]),
    d.not(equal(space, 'in', loopback)),
    equal(space, 'mark', 0),
    ...(['src', 'dst'] as const).map((side) => unicast(space, ruleset.family, side)),
  ].reduce((set, one) => d.and(set, one), domainOf(space, 'filter', name));
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
