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

/** Every text in the data with its path, in order. */
export function textsOf(value: unknown, path: Path = []): readonly { readonly path: Path; readonly text: string }[] {
  const found: { path: Path; text: string }[] = [];
  // One path for the whole walk, copied for texts alone: this is asked of every lab for every seed that is tried.
  const here = [...path];
  const walk = (item: unknown): void => {
    if (typeof item === 'string') found.push({ path: [...here], text: item });
    else if (item !== null && typeof item === 'object') {
      const isList = Array.isArray(item);
      for (const [key, inner] of Object.entries(item)) {
        here.push(isList ? Number(key) : key);
        walk(inner);
        here.pop();
      }
    }
  };
  walk(value);
  return found;
}
