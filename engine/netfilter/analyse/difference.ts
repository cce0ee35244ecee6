/** Do two rulesets treat every packet alike? A packet that shows that they do not, or a proof that there is none. */

import { findTable } from '../find.ts';
import type { Ruleset } from '../model.ts';
import { type DecidingRule, findDecidingStep } from '../simulate/explain.ts';
import { parsePacket } from '../simulate/packet.ts';
import { simulate } from '../simulate/simulate.ts';
import { type Hook, hooks, type Rewrites, type Simulation, type Verdict } from '../simulate/simulation.ts';
import { levelsOf } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { Endings } from './endings.ts';
import { ruleText } from './finding.ts';
import { decided, domainOfHook, type HookFunction, hookFunction, questionsOf, tableNames } from './hook-function.ts';
import { TooLargeError } from './node-store.ts';
import { addressBitsOf, makeSpace, masked, type Space } from './space.ts';
import { examplePacket } from './witness.ts';

export interface Treatment {
  readonly verdict: Verdict;
  readonly rewrites: Rewrites;
  /** The rule or policy that decided, and its text; null where none did. */
  readonly by: (DecidingRule & { readonly text: string }) | null;
  /** The packet's mark when it left. */
  readonly mark: number;
}

export type BehaviourDifference =
  /** Proved: no packet is treated otherwise, whatever sets, limits and chance say. */
  | { readonly kind: 'none' }
  /** This packet is, both walked by the simulator. */
  | {
      readonly kind: 'packet';
      readonly hook: Hook;
      readonly packet: string;
      readonly a: Treatment;
      readonly b: Treatment;
    }
  /** None was found in what the packet decides; this is what else decides. */
  | { readonly kind: 'undecided'; readonly undecidable: readonly string[] };

/** Packets that are tried for each hook. */
const mostTried = 12;

/**
 * Compares what two rulesets of one family do to packets at every hook: verdicts, rewrites, marks. Pure; logs and counters do not count.
 */
export function findBehaviourDifference(a: Ruleset, b: Ruleset): BehaviourDifference {
  if (a.family !== b.family) return { kind: 'undecided', undecidable: [`one is ${a.family}, the other ${b.family}`] };
  const unreadable = [a, b].flatMap(({ tables }) =>
    tables.flatMap(({ name, unreadable: why }) =>
      why === undefined ? [] : [`table ${name} could not be read: ${why}`],
    ),
  );
  const open = [...unreadable];
  for (const hook of hooks) {
    try {
      const found =
        unreadable.length > 0 && tableNames(hook, a).some((name) => isUnreadable(a, b, name)) ? [] : atHook(a, b, hook);
      if (!Array.isArray(found)) return found;
      open.push(...found);
    } catch (thrown) {
      if (!(thrown instanceof TooLargeError)) throw thrown;
      open.push(`the rules at ${hook} are too many to compare exactly (${thrown.message})`);
    }
  }
  return open.length === 0 ? { kind: 'none' } : { kind: 'undecided', undecidable: [...new Set(open)] };
}

const isUnreadable = (a: Ruleset, b: Ruleset, name: string): boolean =>
  [a, b].some((ruleset) => findTable(ruleset, name)?.unreadable !== undefined);

/** A difference, or what keeps one from being found or excluded; an empty list is a proof that there is none. */
function atHook(a: Ruleset, b: Ruleset, hook: Hook): BehaviourDifference | string[] {
  const space = makeSpace([a, b], { addressBits: addressBitsOf(a.family) });
  const { d } = space;
  const endings = new Endings(d);
  const domain = domainOfHook(space, hook, [a, b]);
  const [inA, inB] = [hookFunction(space, endings, a, hook), hookFunction(space, endings, b, hook)];
  const open = new Set<string>();
  for (const { f, g, what } of compared(space, inA, inB)) {
    const differing = d.and(domain, d.differ(f, g));
    if (differing === none) continue;
    const [sureA, sureB] = [decided(space, f, endings.conflict), decided(space, g, endings.conflict)];
    const unsure = d.or(d.where(sureA, endings.conflict), d.where(sureB, endings.conflict));
    const sure = d.minus(d.and(domain, d.differ(sureA, sureB)), unsure);
    const found = shown(space, a, b, hook, sure, differing);
    if (found !== null) return found;
    const asked = questionsOf(space, levelsOf(d, differing));
    for (const text of asked) open.add(text);
    if (asked.length === 0) open.add(`${what} at ${hook}, which no packet that was tried shows`);
  }
  if (hook === 'output') for (const text of afterRewrite(a, b)) open.add(text);
  return [...open];
}

interface Compared {
  readonly f: Node;
  readonly g: Node;
  readonly what: string;
}

function* compared(space: Space, a: HookFunction, b: HookFunction): Generator<Compared> {
  yield { f: a.verdict, g: b.verdict, what: 'the verdicts' };
  for (const level of new Set([...a.changes, ...b.changes])) {
    yield { f: a.leaves(level), g: b.leaves(level), what: `${fieldAt(space, level)} of packets that pass` };
  }
}

function fieldAt({ fields }: Space, level: number): string {
  const found = Object.entries(fields).find(([, { start, width }]) => level >= start && level < start + width);
  return `the ${found?.[0] ?? 'field'}`;
}

/** Packets that nat sends elsewhere come to filter as other packets than to the hook: there both have to agree about all. */
function afterRewrite(a: Ruleset, b: Ruleset): string[] {
  const rewrites = [a, b].some((ruleset) =>
    findTable(ruleset, 'nat')?.chains.some(({ rules }) =>
      rules.some(({ action }) => !['none', 'accept', 'drop', 'return', 'jump', 'goto', 'log'].includes(action.kind)),
    ),
  );
  if (!rewrites) return [];
  const space = makeSpace([a, b], { addressBits: addressBitsOf(a.family) });
  const endings = new Endings(space.d);
  const tables = ['filter', 'security'];
  const [f, g] = [a, b].map((ruleset) => hookFunction(space, endings, ruleset, 'output', { tables }).verdict);
  const same =
    f === undefined || g === undefined || !space.d.meets(domainOfHook(space, 'output', []), space.d.differ(f, g));
  return same ? [] : ['packets whose destination nat OUTPUT rewrites'];
}

/** A packet of those that the two treat otherwise, where both walks say so. */
function shown(
  space: Space,
  a: Ruleset,
  b: Ruleset,
  hook: Hook,
  sure: Node,
  differing: Node,
): BehaviourDifference | null {
  const { d } = space;
  let left = sure === none ? differing : sure;
  for (let tried = 0; tried < mostTried && left !== none; tried++) {
    const example = examplePacket(space, a.family, left, { local: hook === 'input' || hook === 'prerouting' });
    if (example === null) return null;
    const packet = parsePacket(example.packet, a.family);
    const [inA, inB] = [treatment(a, packet, hook), treatment(b, packet, hook)];
    if (inA !== null && inB !== null && differs(inA, inB)) {
      return { kind: 'packet', hook, packet: example.packet, a: inA, b: inB };
    }
    left = d.minus(left, like(space, example.bits));
  }
  return null;
}

/** The packets with the same protocol, ports and interfaces: the next try is to be another kind. */
function like(space: Space, bits: (level: number) => boolean): Node {
  return (['state', 'in', 'out', 'protocol', 'dport'] as const).reduce((set, name) => {
    const field = space.fields[name];
    const own = Array.from({ length: field.width }, (_, index) => bits(field.start + index));
    return space.d.and(set, masked(space, field, own));
  }, 1);
}

function treatment(ruleset: Ruleset, packet: ReturnType<typeof parsePacket>, hook: Hook): Treatment | null {
  const simulation: Simulation = simulate({ ruleset, packet, hook, walk: 'brief' });
  if (simulation.verdict === 'unknown' || simulation.outcomes.length !== 1) return null;
  const step = findDecidingStep(simulation);
  const by =
    step === null
      ? null
      : {
          table: step.table,
          chain: step.chain,
          rule: step.rule,
          text: step.of === undefined ? step.action : ruleText(step.of),
        };
  return { verdict: simulation.verdict, rewrites: simulation.rewrites, by, mark: simulation.packet.mark ?? 0 };
}

const differs = (a: Treatment, b: Treatment): boolean =>
  a.verdict !== b.verdict || a.mark !== b.mark || JSON.stringify(a.rewrites) !== JSON.stringify(b.rewrites);
