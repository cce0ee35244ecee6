/** What a rule's action does, as far as a packet's way is concerned. */

import type { Action } from '../model.ts';
import type { Node } from './diagrams.ts';
import { bitsOf, type Field, type Space } from './space.ts';

export interface Ending {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'rewrite' | 'unknown';
  /** Endings with one key are the same. */
  readonly key: string;
  /** Of packets to that port it is the same as another one. */
  readonly toPort?: { readonly port: number; readonly ending: Ending };
}

export interface Assigning {
  readonly kind: 'assign';
  readonly values: (space: Space) => ReadonlyMap<number, Value>;
}

export type Effect =
  /** The packet goes on; `quiet` when nobody would notice that the rule is missing. */
  | { readonly kind: 'pass'; readonly quiet: boolean }
  /** The packet goes on with other values of some variables. */
  | Assigning
  | { readonly kind: 'end'; readonly ending: Ending }
  /** Nobody knows whether it ends there or goes on. */
  | { readonly kind: 'may-end'; readonly ending: Ending }
  | { readonly kind: 'return' }
  | { readonly kind: 'call'; readonly chain: string; readonly goto: boolean };

/** A constant, the value of another variable or its opposite, or nobody knows. */
export type Value = boolean | { readonly of: number; readonly flipped: boolean } | null;

/** What a rule may do before it decides. */
export type Step = Extract<Effect, { kind: 'assign' | 'may-end' }>;

export const isStep = (effect: Effect): effect is Step => effect.kind === 'assign' || effect.kind === 'may-end';

/** What a rule does in turn, and what decides where the packet goes on. */
export function effectsOf(action: Action): { readonly before: readonly Step[]; readonly effect: Effect } {
  const effects = inTurn(action).map(effectOf);
  const passing = effects.filter((one) => one.kind === 'pass');
  const quiet = passing.length === effects.length && passing.every((one) => one.quiet);
  // What stands behind an action that ends the rule is never done.
  const end = effects.findIndex((one) => one.kind !== 'pass' && !isStep(one));
  const steps = effects.slice(0, end < 0 ? effects.length : end).filter(isStep);
  const effect = effects[end] ?? steps.pop() ?? { kind: 'pass', quiet };
  return { before: steps, effect };
}

export const accepting: Ending = { verdict: 'accept', key: 'accept' };
export const dropping: Ending = { verdict: 'drop', key: 'drop' };

const inTurn = (action: Action): readonly Action[] =>
  action.kind === 'several' ? action.actions.flatMap(inTurn) : [action];

function effectOf(action: Action): Effect {
  switch (action.kind) {
    case 'none':
      return { kind: 'pass', quiet: true };
    case 'log':
      return { kind: 'pass', quiet: false };
    case 'accept':
      return { kind: 'end', ending: accepting };
    case 'drop':
      return { kind: 'end', ending: dropping };
    case 'reject':
      return { kind: 'end', ending: { verdict: 'reject', key: `reject ${action.with}` } };
    case 'return':
      return { kind: 'return' };
    case 'jump':
    case 'goto':
      return { kind: 'call', chain: action.chain, goto: action.kind === 'goto' };
    case 'mark':
      return { kind: 'assign', values: ({ fields }) => xorMark(fields.mark, action.clear, action.xor) };
    case 'redirect':
    case 'masquerade':
    case 'dnat':
    case 'snat':
      return { kind: 'end', ending: rewriting(action) };
    case 'opaque':
      return opaqueEffect(action);
    case 'notrack':
      return { kind: 'assign', values: untracked };
    case 'ct':
    case 'nflog':
    case 'classify':
    case 'trace':
    case 'set-entry':
      return { kind: 'pass', quiet: false };
    case 'connmark':
      return { kind: 'assign', values: ({ fields }) => xorMark(fields.connmark, action.clear, action.xor) };
    case 'save-mark':
      return {
        kind: 'assign',
        values: ({ fields }) => copyMark(fields.mark, fields.connmark, action.nfmask, action.ctmask),
      };
    case 'restore-mark':
      return {
        kind: 'assign',
        values: ({ fields }) => copyMark(fields.connmark, fields.mark, action.ctmask, action.nfmask),
      };
    case 'set-ttl':
      return { kind: 'assign', values: ({ fields }) => unknownField(fields.ttl) };
    case 'set-dscp':
      return { kind: 'assign', values: ({ fields }) => constant(fields.dscp, action.value) };
    case 'set-tos':
      return { kind: 'assign', values: ({ fields }) => xorMark(fields.dscp, action.clear >> 2, action.xor >> 2) };
    case 'set-mss':
      return { kind: 'assign', values: ({ fields }) => unknownField(fields.mss) };
    case 'netmap':
      return { kind: 'end', ending: { verdict: 'rewrite', key: JSON.stringify(action) } };
    case 'tproxy':
      return { kind: 'end', ending: { verdict: 'unknown', key: JSON.stringify(action) } };
    case 'several':
      throw new Error('several actions have several effects');
    default:
      return { kind: 'may-end', ending: { verdict: 'unknown', key: JSON.stringify(action) } };
  }
}

type Rewrite = Extract<Action, { kind: 'redirect' | 'masquerade' | 'dnat' | 'snat' }>;

/** A destination that is sent to the port which it has anyway is sent to another address alone. */
function rewriting(action: Rewrite): Ending {
  const addresses = 'addresses' in action ? action.addresses : null;
  const { kind, ports } = action;
  // Of one address and port nothing is chosen, whatever the flags say how.
  const toOne =
    (kind === 'dnat' || kind === 'redirect') && addresses?.from === addresses?.to && ports?.from === ports?.to;
  const flags = toOne ? [] : [...action.flags].sort();
  const ending = (to: typeof ports): Ending => ({
    verdict: 'rewrite',
    key: JSON.stringify([kind, addresses?.from, addresses?.to, to?.from, to?.to, flags]),
  });
  if (!toOne || ports === null) return ending(ports);
  return { ...ending(ports), toPort: { port: ports.from, ending: ending(null) } };
}

/** new mark = (mark & ~clear) ^ xor, as xt_mark computes it. */
function xorMark(field: Field, clear: number, xor: number): Map<number, Value> {
  const cleared = bitsOf(clear >>> 0, field.width);
  const flipped = bitsOf(xor >>> 0, field.width);
  const values = new Map<number, Value>();
  for (let index = 0; index < field.width; index++) {
    const level = field.start + index;
    if (cleared[index]) values.set(level, flipped[index] ?? false);
    else if (flipped[index]) values.set(level, { of: level, flipped: true });
  }
  return values;
}

/** to = (to & ~cleared) ^ (from & copied); a bit that is neither cleared nor left alone depends on both, which is more than is followed. */
function copyMark(from: Field, to: Field, copied: number, cleared: number): Map<number, Value> {
  const [copies, clears] = [bitsOf(copied >>> 0, to.width), bitsOf(cleared >>> 0, to.width)];
  const values = new Map<number, Value>();
  for (let index = 0; index < to.width; index++) {
    const level = to.start + index;
    if (clears[index]) values.set(level, copies[index] ? { of: from.start + index, flipped: false } : false);
    else if (copies[index]) values.set(level, null);
  }
  return values;
}

const constant = (field: Field, value: number): Map<number, Value> =>
  new Map(bitsOf(value, field.width).map((bit, index) => [field.start + index, bit]));

const unknownField = (field: Field): Map<number, Value> =>
  new Map(Array.from({ length: field.width }, (_, index) => [field.start + index, null]));

/** Targets without a type of their own that let the packet go on and change nothing that a rule can ask for. */
const passing: ReadonlySet<string> = new Set([
  'AUDIT',
  'CHECKSUM',
  'CONNSECMARK',
  'ECN',
  'IDLETIMER',
  'LED',
  'RATEEST',
  'SECMARK',
  'SET',
  'TCPOPTSTRIP',
  'TEE',
  'ULOG',
]);

/** Targets without a type of their own after which no rule of the table is asked. */
const ending: ReadonlySet<string> = new Set(['DNPT', 'NFQUEUE', 'QUEUE', 'SNPT', 'TARPIT']);

function opaqueEffect(action: Extract<Action, { kind: 'opaque' }>): Effect {
  const { target, options } = action;
  if (passing.has(target)) return { kind: 'pass', quiet: false };
  if (target === 'HMARK') return { kind: 'assign', values: ({ fields }) => unknownField(fields.mark) };
  const key = JSON.stringify({ target, options });
  return { kind: ending.has(target) ? 'end' : 'may-end', ending: { verdict: 'unknown', key } };
}

/** UNTRACKED is 4 in the field `state`. */
const untracked = ({ fields }: Space): Map<number, Value> =>
  new Map([
    [fields.state.start, true],
    [fields.state.start + 1, false],
    [fields.state.start + 2, false],
  ]);

/** Each value as a set of the packets before, for `substitute`; `unknown` makes a fresh answer for what nobody knows. */
export function assigned(space: Space, values: ReadonlyMap<number, Value>, unknown: () => Node): Map<number, Node> {
  const { d } = space;
  const sets = new Map<number, Node>();
  for (const [level, value] of values) {
    if (value === null) sets.set(level, unknown());
    else if (typeof value === 'boolean') sets.set(level, value ? 1 : 0);
    else sets.set(level, value.flipped ? d.not(d.variable(value.of)) : d.variable(value.of));
  }
  return sets;
}
