/** Values of libnftables-json(5), as matches and statements hold them. */

import type { Family, PortRange } from '../model.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field of an object that is an object itself. */
export function objectIn(value: Json | undefined, key: string): JsonObject | null {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : null;
}

/** A match statement, with what it is asked in: packets of one family. */
export interface Match {
  readonly left: Json;
  readonly right: Json;
  readonly op: string;
  readonly negated: boolean;
  readonly family: Family;
}

/** The values of a set or list, or the one value. null for a named set. */
export function valuesOf(right: Json): readonly Json[] | null {
  if (isObject(right) && Array.isArray(right.set)) return right.set as readonly Json[];
  if (Array.isArray(right)) return right as readonly Json[];
  return typeof right === 'string' && right.startsWith('@') ? null : [right];
}

export function onlyValue(right: Json): Json | null {
  const values = valuesOf(right);
  return values?.length === 1 ? (values[0] ?? null) : null;
}

/** A port, a range, or what lies above or below a port. */
export function portRange(value: Json, op = '=='): PortRange | null {
  const range = isObject(value) ? value.range : undefined;
  if (Array.isArray(range)) {
    const [from, to] = range;
    return typeof from === 'number' && typeof to === 'number' ? { from, to } : null;
  }
  if (typeof value !== 'number') return null;
  if (op === '<') return { from: 0, to: value - 1 };
  if (op === '<=') return { from: 0, to: value };
  if (op === '>') return { from: value + 1, to: 65535 };
  return op === '>=' ? { from: value, to: 65535 } : { from: value, to: value };
}
