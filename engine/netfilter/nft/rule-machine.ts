/** A rule's expressions run in order over registers that hold what is known of them. */

import type { Action, Condition, Counters, Family } from '../model.ts';
import { Bytes } from './bytes.ts';
import { type NftExpression, numberIn, textIn, verdictIn } from './expressions.ts';
import { hasConstants, statementAction, verdictAction } from './native-actions.ts';
import { type Comparison, comparisonMeans, comparisons, type Loaded, rangeMeans } from './native-conditions.ts';
import { setMeans } from './sets.ts';
import { readMatch } from './xt-matches.ts';
import { readTarget } from './xt-targets.ts';

export interface Machine {
  readonly family: Family;
  readonly registers: Map<number, Loaded>;
  readonly conditions: Condition[];
  readonly actions: Action[];
  counters: Counters | null;
  /** Parts of ICMP headers, which iptables asks for together. */
  icmp: { type: number; code: number | null; negated: boolean } | null;
}

export function newMachine(family: Family): Machine {
  return { family, registers: new Map(), conditions: [], actions: [], counters: null, icmp: null };
}

const unseen = (machine: Machine, module: string): void => {
  machine.conditions.push({ kind: 'unseen', module });
};

/** Runs one expression. What it cannot read becomes an `unseen` condition or action: never nothing. */
export function run(machine: Machine, expression: NftExpression): void {
  const step = Object.hasOwn(steps, expression.name) ? steps[expression.name] : undefined;
  if (step !== undefined) {
    step(machine, expression);
    return;
  }
  const constant = (register: number | null) => constantIn(machine, register);
  const action = statementAction(expression, constant, machine.family);
  if (action === null) unseen(machine, expression.name);
  else machine.actions.push(hasConstants(expression, constant) ? action : { kind: 'unseen', target: expression.name });
}

type Step = (machine: Machine, expression: NftExpression) => void;

const steps: Readonly<Record<string, Step>> = {
  payload(machine, expression) {
    if (numberIn(expression, 'sreg') !== null) {
      machine.actions.push({ kind: 'unseen', target: 'payload' });
      return;
    }
    load(machine, expression, {
      from: 'payload',
      base: numberIn(expression, 'base') ?? 0,
      offset: numberIn(expression, 'offset') ?? 0,
      length: numberIn(expression, 'len') ?? 0,
      mask: null,
    });
  },
  meta(machine, expression) {
    const source = numberIn(expression, 'sreg');
    const key = numberIn(expression, 'key') ?? -1;
    if (source === null) load(machine, expression, { from: 'meta', key, mask: null });
    else
      machine.actions.push(key === metaMark ? markAction(machine, source) : { kind: 'unseen', target: `meta ${key}` });
  },
  ct(machine, expression) {
    if (numberIn(expression, 'sreg') !== null) machine.actions.push({ kind: 'unseen', target: 'CONNMARK' });
    else if (numberIn(expression, 'direction') !== null)
      load(machine, expression, { from: 'unknown', what: 'ct', mask: null });
    else load(machine, expression, { from: 'ct', key: numberIn(expression, 'key') ?? -1, mask: null });
  },
  fib(machine, expression) {
    const flags = numberIn(expression, 'flags') ?? 0;
    load(machine, expression, { from: 'fib', flags, result: numberIn(expression, 'result') ?? 0, mask: null });
  },
  bitwise,
  cmp(machine, expression) {
    const loaded = registerOf(machine, numberIn(expression, 'sreg'));
    const comparison = comparisons[numberIn(expression, 'op') ?? 0] ?? 'eq';
    compare(machine, loaded, comparison, textIn(expression, 'data') ?? '');
  },
  range(machine, expression) {
    const loaded = registerOf(machine, numberIn(expression, 'sreg'));
    const [from, to] = [textIn(expression, 'from') ?? '', textIn(expression, 'to') ?? ''];
    const found = rangeMeans(loaded, numberIn(expression, 'op') === 1, from, to);
    if (found === null) unseen(machine, nameOf(loaded));
    else machine.conditions.push(...found);
  },
  lookup(machine, expression) {
    const target = numberIn(expression, 'dreg');
    if (target !== null) load(machine, expression, { from: 'unknown', what: 'map', mask: null });
    // A verdict map decides where the packet goes.
    if (target === 0) machine.actions.push({ kind: 'unseen', target: 'vmap' });
    else if (target === null) {
      const loaded = registerOf(machine, numberIn(expression, 'sreg'));
      const found = setMeans(loaded, expression.elements, numberIn(expression, 'flags') === 1, machine.family);
      if (found === null) unseen(machine, `set ${textIn(expression, 'set') ?? ''}`.trim());
      else machine.conditions.push(...found);
    }
  },
  immediate(machine, expression) {
    const verdict = verdictIn(expression);
    if (verdict !== null) machine.actions.push(verdictAction(verdict));
    else load(machine, expression, { from: 'constant', data: textIn(expression, 'data') ?? '', mask: null });
  },
  counter(machine, expression) {
    machine.counters = { packets: numberIn(expression, 'packets') ?? 0, bytes: numberIn(expression, 'bytes') ?? 0 };
  },
  limit(machine, expression) {
    const [rate, unit] = [numberIn(expression, 'rate') ?? 0, numberIn(expression, 'unit') ?? 0];
    const plain = (numberIn(expression, 'type') ?? 0) === 0 && (numberIn(expression, 'flags') ?? 0) === 0;
    // The time between two packets as libxt_limit keeps it, in 1/10,000 s.
    const interval = rate === 0 ? 0 : Math.floor((10_000 * unit) / rate);
    if (!plain || interval === 0) unseen(machine, 'limit');
    else
      machine.conditions.push({
        kind: 'limit',
        perSecond: 10_000 / interval,
        burst: numberIn(expression, 'burst') ?? 5,
      });
  },
  match(machine, expression) {
    const [name, info] = [textIn(expression, 'xt') ?? '?', textIn(expression, 'info') ?? ''];
    machine.conditions.push(...readMatch(name, numberIn(expression, 'rev') ?? 0, info));
  },
  target(machine, expression) {
    const [name, info] = [textIn(expression, 'xt') ?? '?', textIn(expression, 'info') ?? ''];
    machine.actions.push(readTarget(name, numberIn(expression, 'rev') ?? 0, info, machine.family));
  },
  // When it was last hit: changes nothing.
  last() {},
};

const metaMark = 3;

/** Registers of 16 bytes (1 to 4) overlap those of 4 (8 to 23): 1 is 8, 2 is 12. */
const registerNumber = (register: number): number => (register >= 1 && register <= 4 ? 4 + 4 * register : register);

function load(machine: Machine, expression: NftExpression, loaded: Loaded): void {
  machine.registers.set(registerNumber(numberIn(expression, 'dreg') ?? 1), loaded);
}

function registerOf(machine: Machine, register: number | null): Loaded {
  const loaded = register === null ? undefined : machine.registers.get(registerNumber(register));
  return loaded ?? { from: 'unknown', what: 'register', mask: null };
}

function constantIn(machine: Machine, register: number | null): string | null {
  const loaded = registerOf(machine, register);
  return loaded.from === 'constant' ? loaded.data : null;
}

/** (value & mask) ^ xor, the only operation of bitwise that iptables needs; shifts and the like are not read. */
function bitwise(machine: Machine, expression: NftExpression): void {
  const loaded = registerOf(machine, numberIn(expression, 'sreg'));
  const [mask, xor] = [textIn(expression, 'mask'), textIn(expression, 'xor')];
  const masks = (numberIn(expression, 'op') ?? 0) === 0 && mask !== null && xor !== null;
  if (masks && loaded.from === 'meta' && loaded.key === metaMark && loaded.mask === null && !/^0*$/.test(xor)) {
    const change = `${mask}^${xor}`;
    load(machine, expression, { from: 'unknown', what: change, mask: null });
    return;
  }
  const plain = masks && /^0*$/.test(xor) && loaded.mask === null && ['payload', 'meta', 'ct'].includes(loaded.from);
  load(
    machine,
    expression,
    plain ? ({ ...loaded, mask } as Loaded) : { from: 'unknown', what: nameOf(loaded), mask: null },
  );
}

/** `meta mark set VALUE`, or the mark itself with bits cleared and flipped. */
function markAction(machine: Machine, register: number): Action {
  const loaded = registerOf(machine, register);
  if (loaded.from === 'constant') return { kind: 'mark', clear: 0xffffffff, xor: new Bytes(loaded.data).u32(0) };
  const change = loaded.from === 'unknown' ? loaded.what.split('^') : [];
  if (change.length === 2) {
    const [mask = '', xor = ''] = change;
    return { kind: 'mark', clear: ~new Bytes(mask).u32(0) >>> 0, xor: new Bytes(xor).u32(0) };
  }
  if (loaded.from === 'meta' && loaded.key === metaMark && loaded.mask !== null) {
    return { kind: 'mark', clear: ~new Bytes(loaded.mask).u32(0) >>> 0, xor: 0 };
  }
  return { kind: 'unseen', target: 'MARK' };
}

function compare(machine: Machine, loaded: Loaded, comparison: Comparison, data: string): void {
  if (icmpPart(machine, loaded, comparison, data)) return;
  const found = comparisonMeans(loaded, comparison, data, machine.family);
  if (found === null) unseen(machine, nameOf(loaded));
  else machine.conditions.push(...found);
}

/** Type and code of ICMP stand where ports of TCP do, so the protocol that was asked for before tells them apart. */
function icmpPart(machine: Machine, loaded: Loaded, comparison: Comparison, data: string): boolean {
  if (loaded.from !== 'payload' || loaded.base !== 2 || loaded.mask !== null || loaded.offset + loaded.length > 2)
    return false;
  const wanted = machine.family === 'ipv4' ? 1 : 58;
  const isIcmp = machine.conditions.some((one) => one.kind === 'protocol' && one.protocol === wanted && !one.negated);
  if (!isIcmp || (comparison !== 'eq' && comparison !== 'neq')) return false;
  const bytes = new Bytes(data);
  const negated = comparison === 'neq';
  if (loaded.offset === 0 && machine.icmp === null) {
    machine.icmp = { type: bytes.u8(0), code: loaded.length === 2 ? bytes.u8(1) : null, negated };
    return true;
  }
  if (loaded.offset === 1 && machine.icmp !== null && machine.icmp.code === null && !negated && !machine.icmp.negated) {
    machine.icmp.code = bytes.u8(0);
    return true;
  }
  return false;
}

/** What a register holds, for people. */
function nameOf(loaded: Loaded): string {
  switch (loaded.from) {
    case 'payload':
      return `payload ${loaded.base}+${loaded.offset}`;
    case 'meta':
    case 'ct':
      return `${loaded.from} ${loaded.key}`;
    case 'unknown':
      return loaded.what;
    default:
      return loaded.from;
  }
}
