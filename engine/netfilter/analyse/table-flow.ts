/**
 * What becomes of packets in a table: for each chain what it does to any packet that enters it, and for each rule which packets can get
 * to it at all. All paths from the base chains are taken together; nothing is enumerated.
 */

import { type Place, placesOf } from '../base-chains.ts';
import type { Backend, Chain, Condition, Rule, Table } from '../model.ts';
import type { Hook } from '../simulate/simulation.ts';
import { type Asking, beforeConntrack, protocolsWithPorts, ruleSet } from './condition-sets.ts';
import { conditionText } from './condition-text.ts';
import { forget, substitute } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { allPackets, domainOfPlace } from './domains.ts';
import { isDraw } from './draws.ts';
import { accepting, assigned, type Effect, type Ending, effectsOf, isStep, type Step } from './effects.ts';
import type { Endings } from './endings.ts';
import { TooLargeError } from './node-store.ts';
import { type Phase, phaseOf, phasesOf } from './phases.ts';
import { draw, equal, firstDraw, oneOf, type Space } from './space.ts';

export interface RuleFlow {
  readonly rule: Rule;
  /** 1-based. One rule of nft may be several here, one after the other, with one number. */
  readonly number: number;
  /** What decides where the packet goes on. */
  readonly effect: Effect;
  /** What the same rule does before. */
  readonly before: readonly Step[];
  /** The packets that the rule may match. */
  readonly set: Node;
  /** Whether it surely matches those. */
  readonly sure: boolean;
  /** The chain it calls; missing for other actions, and where there is none or it would be a circle. */
  readonly callee?: ChainFlow;
}

export interface ChainFlow {
  readonly name: string;
  readonly chain: Chain;
  /** Where the kernel itself calls it; null where only rules do. */
  readonly base: Place | null;
  readonly rules: RuleFlow[];
  /** Call sites: rules by index. */
  readonly callers: { readonly from: ChainFlow; readonly index: number }[];
  /** The packets that may come to each rule, and last those that may come to the end. Filled from the base chains on. */
  readonly reached: Node[];
  /** Nothing in it or below draws lots or changes a packet: what it does is one function. */
  plain: boolean;
  /** The variables that it or chains below change. */
  readonly changes: Set<number>;
  /** What it does to any packet, for what comes after it. */
  readonly suffixes: Map<Node, readonly Node[]>;
  mayReturn: Node | null;
}

/** More rules than any real ruleset has in all its ways together: chains that call chains twice each grow without bound. */
const mostSteps = 200_000;

/** Deeper than anybody nests chains, and shallow enough for a stack. */
const deepest = 512;

export type FlowOptions = {
  /** What becomes of packets that the table accepts, where another one is asked after it. */
  readonly accepted?: Node;
  /** What becomes of those that it rewrites, where what they are rewritten to is nothing that is asked. */
  readonly rewritten?: Node;
  /** false: it need not be known which packets get to a rule. */
  readonly reach?: boolean;
  /** How often each text was drawn already; for what is asked one after the other. */
  readonly drawn?: Map<string, number>;
} & (
  | { readonly backend: Backend | undefined }
  /** Only this one of its base chains is asked. */
  | { readonly place: Place }
);

export class TableFlow {
  readonly space: Space;
  readonly endings: Endings;
  readonly table: Table;
  /** Callers stand before the chains that they call. */
  readonly chains: readonly ChainFlow[];
  /** Jumps that would lead in a circle, or to a chain that is not there. */
  readonly broken: { readonly from: ChainFlow; readonly index: number; readonly why: 'circle' | 'missing' }[] = [];
  readonly #places: ReadonlyMap<string, Place>;
  readonly #phases: ReadonlyMap<string, Phase>;
  readonly #accepted: Node;
  readonly #rewritten: Node | null;
  readonly #drawn: Map<string, number>;
  #steps = 0;

  constructor(
    space: Space,
    endings: Endings,
    table: Table,
    { accepted = endings.accept, rewritten, reach = true, drawn = new Map(), ...from }: FlowOptions,
  ) {
    const places = 'place' in from ? [from.place] : placesOf(table, from.backend);
    this.space = space;
    this.endings = endings;
    this.table = table;
    this.#places = new Map(places.map((place) => [place.chain, place]));
    this.#phases = phasesOf(table, places);
    this.#accepted = accepted;
    this.#rewritten = rewritten ?? null;
    this.#drawn = drawn;
    this.chains = this.#link();
    if (reach) this.#reach();
  }

  #phase({ name }: ChainFlow): Phase {
    const [any] = this.#places.values();
    return this.#phases.get(name) ?? (any === undefined ? 'behind' : phaseOf(any));
  }

  asking(flow: ChainFlow): Asking {
    return { phase: this.#phase(flow) };
  }

  #draws(flow: ChainFlow): Asking {
    const drawn = (one: Condition): Node =>
      this.#draw(conditionText(one), one.kind === 'limit' || one.kind === 'statistic');
    return { phase: this.#phase(flow), drawn };
  }

  /** Each time that a rule is asked it draws anew; of two rulesets the n-th draws of the same words at the same hook are the same. */
  #draw(text: string, chance = false): Node {
    const count = this.#drawn.get(text) ?? 0;
    this.#drawn.set(text, count + 1);
    return draw(this.space, `${text} ${count}`, { text, chance });
  }

  /** The packets that come to a base chain. */
  domain({ base, chain }: ChainFlow): Node {
    const { space } = this;
    // Called at a hook that is not followed.
    if (base === null) return chain.policy === null ? none : allPackets(space);
    const domain = domainOfPlace(space, base);
    if (!space.questions.has('before conntrack')) return domain;
    const before = beforeConntrack(space);
    return space.d.and(domain, phaseOf(base) === 'before' ? before : space.d.not(before));
  }

  /** The base chains at a hook that have the ways of that table of iptables. */
  at(hook: Hook, as: string): ChainFlow[] {
    return this.chains.filter(({ base }) => base?.hook === hook && base.as === as);
  }

  find(name: string): ChainFlow | undefined {
    return this.chains.find((flow) => flow.name === name);
  }

  /** What becomes of a packet from each rule of a chain on, last from its end on, where it goes on with `after`. */
  suffixes(flow: ChainFlow, after: Node): readonly Node[] {
    const known = flow.suffixes.get(after);
    if (known !== undefined) return known;
    const made = this.#walk(flow, after);
    flow.suffixes.set(after, made);
    return made;
  }

  /** What a base chain does to any packet. */
  verdicts(flow: ChainFlow): Node {
    return this.suffixes(flow, this.policy(flow))[0] ?? this.policy(flow);
  }

  policy({ chain, base }: ChainFlow): Node {
    if (base === null && chain.policy === null) return this.endings.returned;
    return chain.policy === 'DROP' ? this.endings.drop : this.#accepted;
  }

  /** What becomes of a packet that matches the rule, where the rules after it do `next` and the chain is left to `after`. */
  outcome({ effect, before, callee, set }: RuleFlow, next: Node, after: Node): Node {
    const { space, endings } = this;
    // The packets as they are when each of the steps is done.
    const within = [set];
    for (const step of before) within.push(this.#widened(within.at(-1) ?? set, step));
    const decide = (): Node => {
      switch (effect.kind) {
        case 'pass':
          return next;
        case 'return':
          return after;
        case 'end':
          return this.ending(effect.ending);
        case 'may-end':
        case 'assign':
          return this.#done(effect, next, within.at(-1) ?? set);
        case 'call': {
          const goes = effect.goto ? after : next;
          if (callee !== undefined) return this.#run(callee, goes, within.at(-1) ?? set);
          return space.d.choose(this.#draw('a chain that is not there'), endings.conflict, goes);
        }
      }
    };
    return before.reduceRight((then, step, index) => this.#done(step, then, within[index] ?? set), decide());
  }

  /** What comes of packets that end so. */
  ending(ending: Ending): Node {
    if (ending === accepting) return this.#accepted;
    if (ending.verdict === 'rewrite' && this.#rewritten !== null) return this.#rewritten;
    const { space, endings } = this;
    const { toPort } = ending;
    if (toPort === undefined) return endings.leaf(ending);
    const asked = space.d.and(oneOf(space, 'protocol', protocolsWithPorts), equal(space, 'dport', toPort.port));
    return space.d.choose(asked, endings.leaf(toPort.ending), endings.leaf(ending));
  }

  /** What becomes of the packets of a set that a step is done to, where those that go on do `then`. */
  #done(step: Step, then: Node, within: Node): Node {
    const { d } = this.space;
    if (step.kind === 'may-end') {
      return d.choose(this.#draw(`what ${step.ending.key} does`), this.endings.leaf(step.ending), then);
    }
    const values = assigned(this.space, step.values(this.space), () => this.#draw('what the target sets'));
    return substitute(d, this.#only(then, this.#widened(within, step)), values);
  }

  /** At least the packets of a set after a step, where what it changes may have become anything. */
  #widened(set: Node, step: Step): Node {
    if (step.kind === 'may-end') return set;
    const values = step.values(this.space);
    return forget(this.space.d, set, (level) => values.has(level));
  }

  #only(f: Node, set: Node): Node {
    return this.space.d.choose(set, f, this.endings.absent);
  }

  #run(flow: ChainFlow, after: Node, within: Node): Node {
    const { d } = this.space;
    if (flow.plain) {
      const [first = after] = this.suffixes(flow, this.endings.returned);
      return d.follow(first, this.endings.returned, after);
    }
    // What comes after matters only for the packets that are sent here: of a long chain's rest little stays.
    const kept = flow.changes.size === 0 ? within : forget(d, within, (level) => flow.changes.has(level));
    return this.#walk(flow, this.#only(after, kept))[0] ?? after;
  }

  #walk(flow: ChainFlow, after: Node): Node[] {
    const { d } = this.space;
    this.#steps += flow.rules.length;
    if (this.#steps > mostSteps) throw new TooLargeError('chains call each other in too many ways');
    const suffixes: Node[] = new Array<Node>(flow.rules.length + 1).fill(after);
    let next = after;
    for (let index = flow.rules.length - 1; index >= 0; index--) {
      const one = flow.rules[index];
      if (one === undefined) continue;
      if (one.effect.kind !== 'pass' && one.set !== none) {
        const set = one.sure ? one.set : ruleSet(this.space, one.rule, this.#draws(flow));
        next = d.choose(set, this.outcome(one, next, after), next);
      }
      suffixes[index] = next;
    }
    return suffixes;
  }

  #link(): ChainFlow[] {
    const flows = new Map<string, ChainFlow>();
    for (const chain of this.table.chains) flows.set(chain.name, this.#flowOf(chain));
    const finished: ChainFlow[] = [];
    const state = new Map<ChainFlow, 'open' | 'done'>();
    const visit = (flow: ChainFlow, depth: number): void => {
      if (depth > deepest) throw new TooLargeError('chains call each other too deep');
      state.set(flow, 'open');
      for (const [index, rule] of flow.chain.rules.entries()) {
        const { before, effect } = effectsOf(rule.action);
        const callee = effect.kind === 'call' ? flows.get(effect.chain) : undefined;
        if (callee !== undefined && !state.has(callee)) visit(callee, depth + 1);
        const circle = callee !== undefined && state.get(callee) === 'open';
        if (effect.kind === 'call' && (callee === undefined || circle)) {
          this.broken.push({ from: flow, index, why: circle ? 'circle' : 'missing' });
        }
        this.#addRule(flow, index, { rule, before, effect }, circle ? undefined : callee);
      }
      state.set(flow, 'done');
      finished.push(flow);
    };
    for (const flow of flows.values()) if (!state.has(flow)) visit(flow, 0);
    return finished.reverse();
  }

  #flowOf(chain: Chain): ChainFlow {
    return {
      name: chain.name,
      chain,
      base: this.#places.get(chain.name) ?? null,
      rules: [],
      callers: [],
      reached: [],
      plain: true,
      changes: new Set(),
      suffixes: new Map(),
      mayReturn: null,
    };
  }

  #addRule(
    flow: ChainFlow,
    index: number,
    { rule, before, effect }: Pick<RuleFlow, 'rule' | 'before' | 'effect'>,
    callee: ChainFlow | undefined,
  ): void {
    const { space } = this;
    const sure = !rule.conditions.some((one) => isDraw(one, space.changingSets));
    const set = ruleSet(space, rule, this.asking(flow));
    const number = rule.number ?? index + 1;
    flow.rules.push({ rule, number, before, effect, set, sure, ...(callee === undefined ? {} : { callee }) });
    callee?.callers.push({ from: flow, index });
    const steps = [...before, effect];
    if ((effect.kind !== 'pass' && !sure) || steps.some(isStep)) flow.plain = false;
    if (effect.kind === 'call' && callee?.plain !== true) flow.plain = false;
    for (const step of steps) {
      if (step.kind === 'assign') for (const level of step.values(space).keys()) flow.changes.add(level);
    }
    for (const level of callee?.changes ?? []) flow.changes.add(level);
  }

  #reach(): void {
    const { d } = this.space;
    const entered = new Map<ChainFlow, Node>();
    for (const flow of this.chains) {
      let here = d.or(this.domain(flow), entered.get(flow) ?? none);
      for (const one of flow.rules) {
        flow.reached.push(here);
        const { callee } = one;
        if (callee !== undefined) entered.set(callee, d.or(entered.get(callee) ?? none, this.#sent(one, here)));
        here = this.past(one, here);
      }
      flow.reached.push(here);
    }
  }

  /** The packets that may come to the next rule. */
  past(one: RuleFlow, here: Node): Node {
    const { d } = this.space;
    const { effect, before, set, sure, callee } = one;
    const rest = sure ? d.minus(here, set) : here;
    switch (effect.kind) {
      case 'pass':
      case 'may-end':
        return before.length === 0 ? here : d.or(rest, this.#sent(one, here));
      case 'return':
      case 'end':
        return rest;
      case 'assign':
        return d.or(rest, this.#image(this.#sent(one, here), effect));
      case 'call': {
        if (callee === undefined) return d.or(rest, this.#sent(one, here));
        if (effect.goto) return rest;
        const back = d.and(this.#sent(one, here), this.mayReturn(callee));
        if (callee.changes.size === 0) return d.or(rest, back);
        return d.or(
          rest,
          forget(d, back, (level) => callee.changes.has(level)),
        );
      }
    }
  }

  /** The packets of those that come to a rule which its last action is done to, as they are then; at least those. */
  #sent({ before, set }: RuleFlow, here: Node): Node {
    return before.reduce((sent, step) => this.#image(sent, step), this.space.d.and(here, set));
  }

  /** The packets of a set with the values that the step gives them; at least those. */
  #image(set: Node, effect: Step): Node {
    if (effect.kind === 'may-end') return set;
    const { d } = this.space;
    const values = effect.values(this.space);
    const flipped = new Map(
      [...values].flatMap(([level, value]) =>
        value !== null && typeof value === 'object' && value.of === level
          ? [[level, d.not(d.variable(level))] as const]
          : [],
      ),
    );
    let image = forget(d, substitute(d, set, flipped), (level) => values.has(level) && !flipped.has(level));
    for (const [level, value] of values) {
      if (typeof value === 'boolean') image = d.and(image, value ? d.variable(level) : d.not(d.variable(level)));
    }
    return image;
  }

  /** The packets of those that enter a chain that may come out of it again. */
  mayReturn(flow: ChainFlow): Node {
    if (flow.mayReturn === null) {
      const { d } = this.space;
      const { returned } = this.endings;
      const [first = returned] = this.suffixes(flow, returned);
      flow.mayReturn = d.forgetBelow(d.where(first, returned), firstDraw);
    }
    return flow.mayReturn;
  }
}
