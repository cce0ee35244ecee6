/** Do two rulesets treat every packet alike? A packet that shows that they do not, or a proof that there is none. */

import { isBehindNat, type Place, placesAt } from '../base-chains.ts';
import type { Ruleset } from '../model.ts';
import { type DecidingRule, findDecidingStep } from '../simulate/explain.ts';
import { parsePacket } from '../simulate/packet.ts';
import { simulate } from '../simulate/simulate.ts';
import { type Hook, hooks, type Outcome, type Rewrites, type Verdict } from '../simulate/simulation.ts';
import { levelsOf } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { Endings } from './endings.ts';
import { ruleText } from './finding.ts';
import { byChance, decided, domainOfHook, type HookFunction, hookFunction, questionsOf } from './hook-function.ts';
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
  /** When it comes to this, where chance decides; empty for always. */
  readonly when: string;
}

export type BehaviourDifference =
  /**
   * Proved: no packet is treated otherwise, whatever sets, limits and chance say, if they say the same in both. Limits of the same words are
   * taken for the same in the order in which a hook asks them; how fast other packets use them up is not compared.
   */
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
      const found = placesAt([a, b], hook).some(isUnreadable) ? [] : atHook(a, b, hook);
      if (!Array.isArray(found)) return found;
      open.push(...found);
    } catch (thrown) {
      if (!(thrown instanceof TooLargeError)) throw thrown;
      open.push(`the rules at ${hook} are too many to compare exactly (${thrown.message})`);
    }
  }
  return open.length === 0 ? { kind: 'none' } : { kind: 'undecided', undecidable: [...new Set(open)] };
}

const isUnreadable = ({ table }: Place): boolean => table.unreadable !== undefined;

/** A difference, or what keeps one from being found or excluded; an empty list is a proof that there is none. */
function atHook(a: Ruleset, b: Ruleset, hook: Hook): BehaviourDifference | string[] {
  const space = makeSpace([a, b], { addressBits: addressBitsOf(a.family) });
  const { d } = space;
  const endings = new Endings(d);
  const domain = domainOfHook(space, hook, [a, b]);
  const [inA, inB] = [a, b].map((ruleset) => hookFunction(space, endings, placesAt([ruleset], hook)));
  if (inA === undefined || inB === undefined) return [];
  const open = new Set<string>(unfollowed(a, b, hook));
  for (const { f, g, what } of compared(space, inA, inB)) {
    const differing = d.and(domain, d.differ(f, g));
    if (differing === none) continue;
    const surely = (otherwise: (node: Node) => Node): Node => {
      const [sureA, sureB] = [decided(space, f, otherwise), decided(space, g, otherwise)];
      const unsure = d.or(d.where(sureA, endings.conflict), d.where(sureB, endings.conflict));
      return d.minus(d.and(domain, d.differ(sureA, sureB)), unsure);
    };
    const sure = surely(() => endings.conflict);
    const chance = sure === none ? surely((node) => byChance(space, endings, node)) : none;
    for (const [set, isChance] of [
      [sure, false],
      [chance, true],
      [sure === none ? differing : none, false],
    ] as const) {
      const found = shown(space, a, b, hook, set, isChance);
      if (found !== null) return found;
    }
    const asked = questionsOf(space, levelsOf(d, differing));
    for (const text of asked) open.add(text);
    if (asked.length === 0) open.add(`${what} at ${hook}, which no packet that was tried shows`);
  }
  for (const text of afterRewrite(a, b, hook)) open.add(text);
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

/** Chains at the hook that are not followed, unless both have the same. */
function unfollowed(a: Ruleset, b: Ruleset, hook: Hook): string[] {
  const [ofA = [], ofB = []] = [a, b].map((one) => (one.unfollowed ?? []).filter((chain) => chain.hook === hook));
  const key = (chains: typeof ofA): string => JSON.stringify(chains.map(({ name, text }) => [name, text]));
  if (key(ofA) === key(ofB)) return [];
  return [...ofA, ...ofB].map(({ name }) => `what ${name} does`);
}

/** Packets that nat sends elsewhere come to the chains after it as other packets than to the hook: there both have to agree about all. */
function afterRewrite(a: Ruleset, b: Ruleset, hook: Hook): string[] {
  const ways = [a, b].map((ruleset) => placesAt([ruleset], hook));
  if (!ways.some((places) => places.some((place) => place.as === 'nat' && rewrites(place)))) return [];
  const space = makeSpace([a, b], { addressBits: addressBitsOf(a.family) });
  const endings = new Endings(space.d);
  const [f, g] = ways.map((places) => hookFunction(space, endings, places.filter(isBehindNat)));
  const domain = domainOfHook(space, hook, []);
  const same =
    f === undefined ||
    g === undefined ||
    [...compared(space, f, g)].every((one) => !space.d.meets(domain, space.d.differ(one.f, one.g)));
  return same ? [] : [`packets that nat rewrites at ${hook}`];
}

const idle: readonly string[] = ['none', 'accept', 'drop', 'return', 'jump', 'goto', 'log'];
const rewrites = ({ table }: Place): boolean =>
  table.chains.some(({ rules }) => rules.some(({ action }) => !idle.includes(action.kind)));

/** A packet of those that the two treat otherwise, where both walks say so. */
function shown(
  space: Space,
  a: Ruleset,
  b: Ruleset,
  hook: Hook,
  set: Node,
  isChance: boolean,
): BehaviourDifference | null {
  const { d } = space;
  let left = set;
  for (let tried = 0; tried < mostTried && left !== none; tried++) {
    const example = examplePacket(space, a.family, left, { local: hook === 'input' || hook === 'prerouting' });
    if (example === null) return null;
    const packet = parsePacket(example.packet, a.family);
    const [inA, inB] = [treatments(a, packet, hook, isChance), treatments(b, packet, hook, isChance)];
    const pair = inA === null || inB === null ? null : unlike(inA, inB);
    if (pair !== null) return { kind: 'packet', hook, packet: example.packet, a: pair[0], b: pair[1] };
    left = d.minus(left, like(space, example.bits));
  }
  return null;
}

/** A treatment in one that the other has not, beside one that it has. */
function unlike(a: readonly Treatment[], b: readonly Treatment[]): readonly [Treatment, Treatment] | null {
  const onlyA = a.find((one) => b.every((other) => differs(one, other)));
  const onlyB = b.find((one) => a.every((other) => differs(one, other)));
  const beside = (others: readonly Treatment[], { when }: Treatment) =>
    others.find((other) => other.when === when) ?? others[0];
  const pair = onlyA !== undefined ? [onlyA, beside(b, onlyA)] : onlyB !== undefined ? [beside(a, onlyB), onlyB] : [];
  const [first, second] = pair;
  return first === undefined || second === undefined ? null : [first, second];
}

/** The packets with the same protocol, ports and interfaces: the next try is to be another kind. */
function like(space: Space, bits: (level: number) => boolean): Node {
  return (['state', 'in', 'out', 'protocol', 'dport'] as const).reduce((set, name) => {
    const field = space.fields[name];
    const own = Array.from({ length: field.width }, (_, index) => bits(field.start + index));
    return space.d.and(set, masked(space, field, own));
  }, 1);
}

/** What becomes of the packet, all that may where chance decides; null where that is not known. */
function treatments(
  ruleset: Ruleset,
  packet: ReturnType<typeof parsePacket>,
  hook: Hook,
  isChance: boolean,
): Treatment[] | null {
  const { outcomes } = simulate({ ruleset, packet, hook, walk: 'brief' });
  if (outcomes.some(({ verdict }) => verdict === 'unknown') || (outcomes.length !== 1 && !isChance)) return null;
  return outcomes.map(treatmentIn);
}

function treatmentIn(outcome: Outcome): Treatment {
  const { verdict, rewrites, packet, condition } = outcome;
  const step = findDecidingStep(outcome);
  const by =
    step === null
      ? null
      : {
          table: step.table,
          chain: step.chain,
          rule: step.rule,
          text: step.of === undefined ? step.action : ruleText(step.of),
        };
  return { verdict, rewrites, by, mark: packet.mark ?? 0, when: condition };
}

const differs = (a: Treatment, b: Treatment): boolean =>
  a.verdict !== b.verdict || a.mark !== b.mark || rewrittenOtherwise(a.rewrites, b.rewrites);

/** What is rewritten to an address that is not known may be rewritten to any. */
function rewrittenOtherwise(a: Rewrites, b: Rewrites): boolean {
  return (['src', 'dst', 'sport', 'dport'] as const).some((key) => {
    const isOpen = a[key] === null ? b[key] !== undefined : b[key] === null && a[key] !== undefined;
    return a[key] !== b[key] && !isOpen;
  });
}
