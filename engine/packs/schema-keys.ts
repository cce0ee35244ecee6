import type { z } from 'zod';
import type { Path } from './yaml-source.ts';

/** The part of zod's own description of a schema that is read here (zod 4, `schema._zod.def`). */
interface Definition {
  readonly type: string;
  readonly shape?: Record<string, z.core.$ZodType>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly left?: z.core.$ZodType;
  readonly right?: z.core.$ZodType;
  readonly getter?: () => z.core.$ZodType;
}

const definitionOf = (schema: z.core.$ZodType): Definition => schema._zod.def as unknown as Definition;

/** The keys that a schema knows for the mapping at a path of `value`: what a wrong key could have been. */
export function knownKeys(schema: z.core.$ZodType, path: Path, value: unknown): readonly string[] {
  let candidates = unwrap(schema);
  let here = value;
  for (const step of path) {
    candidates = candidates.flatMap((candidate) => child(candidate, step)).flatMap(unwrap);
    here = here !== null && typeof here === 'object' ? (here as Record<string | number, unknown>)[step] : undefined;
  }
  const shapes = candidates.map((candidate) => definitionOf(candidate).shape).filter((shape) => shape !== undefined);
  const fitting = shapes.filter((shape) => hasDiscriminator(shape, here));
  return [...new Set((fitting.length > 0 ? fitting : shapes).flatMap((shape) => Object.keys(shape)))];
}

/** The words that a schema knows for the value at a path: the types that a wrong one could have been. */
export function knownWords(schema: z.core.$ZodType, path: Path): readonly unknown[] {
  let candidates = unwrap(schema);
  for (const step of path) candidates = candidates.flatMap((candidate) => child(candidate, step)).flatMap(unwrap);
  return candidates.flatMap((candidate) => {
    const { type, values } = definitionOf(candidate) as Definition & { values?: readonly unknown[] };
    return type === 'literal' ? (values ?? []) : [];
  });
}

/** Of several shapes with a `type` or `kind`, the one that the value names. */
function hasDiscriminator(shape: Record<string, z.core.$ZodType>, value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  return ['type', 'kind'].some((key) => {
    const literal = shape[key];
    if (!literal || !(key in value)) return false;
    const { type, values } = definitionOf(literal) as Definition & { values?: readonly unknown[] };
    return type === 'literal' && values?.includes((value as Record<string, unknown>)[key]) === true;
  });
}

function child(schema: z.core.$ZodType, step: string | number): readonly z.core.$ZodType[] {
  const { shape, element, valueType } = definitionOf(schema);
  const next = shape ? shape[String(step)] : (element ?? valueType);
  return next ? [next] : [];
}

function unwrap(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'readonly':
    case 'nonoptional':
    case 'catch':
      return definition.innerType ? unwrap(definition.innerType) : [];
    case 'pipe':
      return definition.in ? unwrap(definition.in) : [];
    case 'lazy':
      return definition.getter ? unwrap(definition.getter()) : [];
    case 'union':
      return (definition.options ?? []).flatMap(unwrap);
    case 'intersection':
      return [definition.left, definition.right].flatMap((side) => (side ? unwrap(side) : []));
    default:
      return [schema];
  }
}
