import type { Path } from './yaml-source.ts';

/** Looking around in parsed YAML that may have any shape: what is not there is simply not found. */

export type Mapping = Readonly<Record<string, unknown>>;

export function asMapping(value: unknown): Mapping | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Mapping) : null;
}

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (here === null || typeof here !== 'object') return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

/** Every text in the data with its path. */
export function* textsOf(value: unknown, path: Path = []): Generator<{ path: Path; text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* textsOf(item, [...path, index]);
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) yield* textsOf(item, [...path, key]);
  }
}
