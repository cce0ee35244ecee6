/** One table of one ruleset under analysis, and the making of findings about it. */

import type { Ruleset } from '../model.ts';
import { parsePacket } from '../simulate/packet.ts';
import { simulateChain } from '../simulate/simulate.ts';
import type { Simulation } from '../simulate/simulation.ts';
import { type Node, none } from './diagrams.ts';
import {
  type Finding,
  type FindingCode,
  type RuleReference,
  ruleText,
  type Severity,
  type Witness,
} from './finding.ts';
import { isForPeople, writerOf } from './managed-chains.ts';
import type { Space } from './space.ts';
import type { ChainFlow, TableFlow } from './table-flow.ts';
import type { Taker } from './takers.ts';
import { examplePacket } from './witness.ts';

export interface Subject {
  readonly ruleset: Ruleset;
  readonly flow: TableFlow;
  readonly space: Space;
  /** The writer of each chain that has one. */
  readonly writers: ReadonlyMap<string, string>;
}

export function subjectOf(ruleset: Ruleset, flow: TableFlow): Subject {
  const names = flow.table.chains.map((chain) => chain.name);
  const writers = new Map(
    names.flatMap((name) => {
      const writer = writerOf(name, names, flow.table.name);
      return writer === null ? [] : [[name, writer] as const];
    }),
  );
  return { ruleset, flow, space: flow.space, writers };
}

export interface Remark {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly chain: ChainFlow;
  /** 0-based. */
  readonly rules: readonly number[];
  readonly causes?: readonly RuleReference[];
  readonly message: string;
  readonly witness?: Witness | null;
}

/** What a program keeps in its own chains is its business: such findings are notes. */
export function findingOf(subject: Subject, remark: Remark): Finding {
  const { code, severity, chain, rules, causes = [], message, witness = null } = remark;
  const [first] = rules;
  const callee = writerOfCallee(subject, chain, rules);
  const writer = subject.writers.get(chain.name) ?? callee;
  const isTheirs = writer !== undefined && (callee !== undefined || rules.length === 0 || !isForPeople(chain.name));
  return {
    code,
    severity: isTheirs ? 'note' : severity,
    family: subject.ruleset.family,
    table: subject.flow.table.name,
    chain: chain.name,
    rules: [...new Set(rules.map((index) => chain.rules[index]?.number ?? index + 1))],
    text: first === undefined ? null : textAt(chain, first),
    causes,
    message,
    witness,
    ...(writer === undefined ? {} : { managedBy: writer }),
  };
}

/** A jump to a program's chain is written by it too. */
function writerOfCallee(subject: Subject, chain: ChainFlow, rules: readonly number[]): string | undefined {
  const [only] = rules;
  const effect = rules.length === 1 && only !== undefined ? chain.rules[only]?.effect : undefined;
  return effect?.kind === 'call' ? subject.writers.get(effect.chain) : undefined;
}

export function referenceTo(subject: Subject, chain: ChainFlow, index: number): RuleReference {
  const rule = chain.rules[index];
  return {
    family: subject.ruleset.family,
    table: subject.flow.table.name,
    chain: chain.name,
    rule: rule?.number ?? 0,
    text: rule === undefined ? (chain.chain.policy ?? 'the end of the chain') : textAt(chain, index),
  };
}

export const referencesTo = (subject: Subject, takers: readonly Pick<Taker, 'flow' | 'index'>[]): RuleReference[] => {
  const found = new Map<string, RuleReference>();
  for (const { flow, index } of takers) {
    const reference = referenceTo(subject, flow, index);
    found.set(`${flow.name} ${reference.rule}`, reference);
  }
  return [...found.values()];
};

/** The text of a rule. Of one of nft that is several here the first, and how many more. */
function textAt(chain: ChainFlow, index: number): string {
  const of = chain.rules[index];
  if (of === undefined) return '';
  const parts = chain.rules.filter(({ number }) => number === of.number);
  const [first] = parts;
  const text = ruleText((first ?? of).rule);
  return parts.length < 2 ? text : `${text} and ${parts.length - 1} more`;
}

/** "rule 2 (-p tcp -j DROP)", "rule 3 of web (...)" where it stands in another chain. */
export function causePhrase(causes: readonly RuleReference[], chain: string): string {
  const one = ({ chain: of, rule, text }: RuleReference) =>
    rule === 0 ? `the policy ${text} of ${of}` : `rule ${rule}${of === chain ? '' : ` of ${of}`} (${text})`;
  const shown = causes.slice(0, 3).map(one);
  const more = causes.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** The base chains from which packets come to a chain. */
export function basesOf(chain: ChainFlow): ChainFlow[] {
  const seen = new Set<ChainFlow>();
  const open = [chain];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    open.push(...one.callers.map(({ from }) => from));
  }
  return [...seen].filter((one) => one.base !== null);
}

/**
 * A packet of the set, walked through the base chain that the set's packets come from; only one of which `shows` says that it does
 * what is claimed. null where none is found.
 */
export function witnessOf(
  subject: Subject,
  chain: ChainFlow,
  set: Node,
  shows: (simulation: Simulation) => boolean,
): Witness | null {
  const { space, ruleset, flow } = subject;
  if (set === none) return null;
  const { family } = ruleset;
  for (const at of basesOf(chain)) {
    const hook = at.base?.hook ?? 'input';
    const here = space.d.and(set, flow.domain(at));
    const example = examplePacket(space, family, here, { local: hook === 'input' });
    if (example === null) continue;
    const packet = parsePacket(example.packet, family);
    const from = { table: flow.table.name, chain: at.name };
    const simulation = simulateChain({ ruleset, packet, hook, from, walk: 'brief' });
    if (shows(simulation)) return { hook, packet: example.packet, assuming: example.assuming };
  }
  return null;
}
