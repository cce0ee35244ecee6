/**
 * What becomes of packets in a table: for each chain what it does to any packet that enters it, and for each rule which packets can get
 * to it at all. All paths from the built-in chains are taken together; nothing is enumerated.
 */

import { isBuiltinChain } from '../builtin.ts';
import type { Chain, Rule, Table } from '../model.ts';
import { type Asking, ruleSet } from './condition-sets.ts';
import { forget, substitute } from './diagram-walks.ts';
import { type Node, none } from './diagrams.ts';
import { domainOf } from './domains.ts';
import { isDraw } from './draws.ts';
import { accepting, assigned, type Effect, effectOf } from './effects.ts';
import type { Endings } from './endings.ts';
import { TooLargeError } from './node-store.ts';
import { draw, firstDraw, type Space } from './space.ts';

export interface RuleFlow {
  readonly rule: Rule;
  readonly effect: Effect;
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
  readonly isBuiltin: boolean;
  readonly rules: RuleFlow[];
  /** Call sites: rules by index. */
  readonly callers: { readonly from: ChainFlow; readonly index: number }[];
  /** The packets that may come to each rule, and last those that may come to the end. Filled from the built-in chains on. */
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

export class TableFlow {
  readonly space: Space;
  readonly endings: Endings;
  readonly table: Table;
  /** Callers stand before the chains that they call. */
  readonly chains: readonly ChainFlow[];
  /** Jumps that would lead in a circle, or to a chain that is not there. */
  readonly broken: { readonly from: ChainFlow; readonly index: number; readonly why: 'circle' | 'missing' }[] = [];
  readonly #accepted: Node;
  readonly #drawn = new Map<string, number>();
  #steps = 0;

  /**
   * `accepted` is what becomes of packets that the table accepts, where another one is asked after it. Without `reach` nothing is known of
   * which packets get to a rule.
   */
  constructor(
    space: Space,
    endings: Endings,
    table: Table,
    { accepted = endings.accept, reach = true }: { readonly accepted?: Node; readonly reach?: boolean } = {},
  ) {
    this.space = space;
    this.endings = endings;
    this.table = table;
    this.#accepted = accepted;
    this.chains = this.#link();
    if (reach) this.#reach();
  }

  #asking(flow: ChainFlow): Asking {
    return { table: this.table.name, drawn: (text) => this.#draw(flow.name, text) };
  }

  /** Each time that a rule is asked it draws anew; of two rulesets the n-th draws of the same words in the same chain are the same. */
  #draw(chain: string, text: string): Node {
    const place = `${this.table.name} ${chain} ${text}`;
    const count = this.#drawn.get(place) ?? 0;
    this.#drawn.set(place, count + 1);
    return draw(this.space, `${place} ${count}`, text);
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

  /** What a built-in chain does to any packet. */
  verdicts(flow: ChainFlow): Node {
    return this.suffixes(flow, this.policy(flow))[0] ?? this.policy(flow);
  }

  policy({ chain, isBuiltin }: ChainFlow): Node {
    if (!isBuiltin) return this.endings.returned;
    return chain.policy === 'DROP' ? this.endings.drop : this.#accepted;
  }

  /** What becomes of a packet that matches the rule, where the rules after it do `next` and the chain is left to `after`. */
  outcome(flow: ChainFlow, { effect, callee, set: within }: RuleFlow, next: Node, after: Node): Node {
    const { space, endings } = this;
    const drawn = (text: string): Node => this.#draw(flow.name, text);
    switch (effect.kind) {
      case 'pass':
        return next;
      case 'return':
        return after;
      case 'end':
        return effect.ending === accepting ? this.#accepted : endings.leaf(effect.ending);
      case 'may-end':
        return space.d.choose(drawn(`what ${effect.ending.key} does`), endings.leaf(effect.ending), next);
      case 'assign': {
        const unknown = () => drawn('what the target sets');
        const values = assigned(space, effect.values(space), unknown);
        const kept = forget(space.d, within, (level) => values.has(level));
        return substitute(space.d, this.#only(next, kept), values);
      }
      case 'call': {
        const goes = effect.goto ? after : next;
        if (callee === undefined) return space.d.choose(drawn('a chain that is not there'), endings.conflict, goes);
        return this.#run(callee, goes, within);
      }
    }
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
        const set = one.sure ? one.set : ruleSet(this.space, one.rule, this.#asking(flow));
        next = d.choose(set, this.outcome(flow, one, next, after), next);
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
        const effect = effectOf(rule.action);
        const callee = effect.kind === 'call' ? flows.get(effect.chain) : undefined;
        if (callee !== undefined && !state.has(callee)) visit(callee, depth + 1);
        const circle = callee !== undefined && state.get(callee) === 'open';
        if (effect.kind === 'call' && (callee === undefined || circle)) {
          this.broken.push({ from: flow, index, why: circle ? 'circle' : 'missing' });
        }
        this.#addRule(flow, index, rule, effect, circle ? undefined : callee);
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
      isBuiltin: isBuiltinChain(this.table.name, chain.name),
      rules: [],
      callers: [],
      reached: [],
      plain: true,
      changes: new Set(),
      suffixes: new Map(),
      mayReturn: null,
    };
  }

  #addRule(flow: ChainFlow, index: number, rule: Rule, effect: Effect, callee: ChainFlow | undefined): void {
    const { space } = this;
    const sure = !rule.conditions.some((one) => isDraw(one, space.changingSets));
    const set = ruleSet(space, rule, { table: this.table.name });
    flow.rules.push({ rule, effect, set, sure, ...(callee === undefined ? {} : { callee }) });
    callee?.callers.push({ from: flow, index });
    const decides = effect.kind !== 'pass';
    if ((decides && !sure) || effect.kind === 'may-end' || effect.kind === 'assign') flow.plain = false;
    if (effect.kind === 'call' && callee?.plain !== true) flow.plain = false;
    if (effect.kind === 'assign') for (const level of effect.values(space).keys()) flow.changes.add(level);
    for (const level of callee?.changes ?? []) flow.changes.add(level);
  }

  #reach(): void {
    const { d } = this.space;
    const entered = new Map<ChainFlow, Node>();
    for (const flow of this.chains) {
      let here = flow.isBuiltin ? domainOf(this.space, this.table.name, flow.name) : (entered.get(flow) ?? none);
      for (const one of flow.rules) {
        flow.reached.push(here);
        const { callee } = one;
        if (callee !== undefined) entered.set(callee, d.or(entered.get(callee) ?? none, d.and(here, one.set)));
        here = this.past(one, here);
      }
      flow.reached.push(here);
    }
  }

  /** The packets that may come to the next rule. */
  past({ effect, set, sure, callee }: RuleFlow, here: Node): Node {
    const { d } = this.space;
    switch (effect.kind) {
      case 'pass':
      case 'may-end':
        return here;
      case 'return':
      case 'end':
        return sure ? d.minus(here, set) : here;
      case 'assign': {
        const rest = sure ? d.minus(here, set) : here;
        return d.or(rest, this.#image(d.and(here, set), effect));
      }
      case 'call': {
        if (callee === undefined) return here;
        const rest = sure ? d.minus(here, set) : here;
        if (effect.goto) return rest;
        const back = d.and(d.and(here, set), this.mayReturn(callee));
        if (callee.changes.size === 0) return d.or(rest, back);
        return d.or(
          rest,
          forget(d, back, (level) => callee.changes.has(level)),
        );
      }
    }
  }

  /** The packets of a set with the values that the rule gives them; at least those. */
  #image(set: Node, effect: Extract<Effect, { kind: 'assign' }>): Node {
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
