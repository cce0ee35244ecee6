/** What a rule's action does, as far as a packet's way is concerned. */

import type { Action } from '../model.ts';
import type { Node } from './diagrams.ts';
import { bitsOf, type Field, type Space } from './space.ts';

export interface Ending {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'rewrite' | 'unknown';
  /** Endings with one key are the same. */
  readonly key: string;
}

export type Effect =
  /** The packet goes on; `quiet` when nobody would notice that the rule is missing. */
  | { readonly kind: 'pass'; readonly quiet: boolean }
  /** The packet goes on with other values of some variables. */
  | { readonly kind: 'assign'; readonly values: (space: Space) => ReadonlyMap<number, Value> }
  | { readonly kind: 'end'; readonly ending: Ending }
  /** Nobody knows whether it ends there or goes on. */
  | { readonly kind: 'may-end'; readonly ending: Ending }
  | { readonly kind: 'return' }
  | { readonly kind: 'call'; readonly chain: string; readonly goto: boolean };

/** A constant, the value of another variable or its opposite, or nobody knows. */
export type Value = boolean | { readonly of: number; readonly flipped: boolean } | null;

export const accepting: Ending = { verdict: 'accept', key: 'accept' };
export const dropping: Ending = { verdict: 'drop', key: 'drop' };

export function effectOf(action: Action): Effect {
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
      return { kind: 'end', ending: { verdict: 'rewrite', key: JSON.stringify(action) } };
    case 'opaque':
      return opaqueEffect(action);
    default:
      return { kind: 'may-end', ending: { verdict: 'unknown', key: JSON.stringify(action) } };
  }
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

const unknownField = (field: Field): Map<number, Value> =>
  new Map(Array.from({ length: field.width }, (_, index) => [field.start + index, null]));

/** Targets that let the packet go on and change nothing that a rule can ask for. */
const passing: ReadonlySet<string> = new Set([
  'AUDIT',
  'CHECKSUM',
  'CLASSIFY',
  'CONNSECMARK',
  'ECN',
  'IDLETIMER',
  'LED',
  'NFLOG',
  'RATEEST',
  'SECMARK',
  'SET',
  'TCPOPTSTRIP',
  'TEE',
  'TRACE',
  'ULOG',
]);

/** Targets after which no rule of the table is asked. */
const ending: ReadonlySet<string> = new Set(['NETMAP', 'NFQUEUE', 'QUEUE', 'TARPIT', 'TPROXY', 'DNPT', 'SNPT']);

function opaqueEffect(action: Extract<Action, { kind: 'opaque' }>): Effect {
  const { target, options } = action;
  const plain = { target, options };
  switch (target) {
    case 'LOG then ACCEPT':
      return { kind: 'end', ending: accepting };
    case 'LOG then DROP':
      return { kind: 'end', ending: dropping };
    case 'LOG then RETURN':
      return { kind: 'return' };
    case 'LOG then REJECT':
      return { kind: 'end', ending: { verdict: 'reject', key: 'reject' } };
    case 'NOTRACK':
      return { kind: 'assign', values: untracked };
    case 'CT':
      return options.some((option) => option.name === '--notrack')
        ? { kind: 'assign', values: untracked }
        : { kind: 'pass', quiet: false };
    case 'CONNMARK':
      return {
        kind: 'assign',
        values: ({ fields }) => unknownField(options.some(restores) ? fields.mark : fields.connmark),
      };
    case 'HMARK':
      return { kind: 'assign', values: ({ fields }) => unknownField(fields.mark) };
    case 'TTL':
    case 'HL':
      return { kind: 'assign', values: ({ fields }) => unknownField(fields.ttl) };
    case 'DSCP':
    case 'TOS':
      return { kind: 'assign', values: ({ fields }) => unknownField(fields.dscp) };
    case 'TCPMSS':
      return { kind: 'assign', values: ({ fields }) => unknownField(fields.mss) };
    default:
      if (passing.has(target)) return { kind: 'pass', quiet: false };
      return {
        kind: ending.has(target) ? 'end' : 'may-end',
        ending: { verdict: target === 'NETMAP' ? 'rewrite' : 'unknown', key: JSON.stringify(plain) },
      };
  }
}

const restores = ({ name }: { readonly name: string }): boolean => name === '--restore-mark';

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
