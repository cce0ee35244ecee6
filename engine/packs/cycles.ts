import type { Path } from './yaml-source.ts';

export interface Edge {
  readonly to: string;
  readonly path: Path;
}

/** The circles in a graph of names, each once: its names from the first on and back to it, and the edge that closes it. */
export function cycles(edges: ReadonlyMap<string, readonly Edge[]>): { path: Path; names: readonly string[] }[] {
  const found: { path: Path; names: readonly string[] }[] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    for (const { to, path } of edges.get(name) ?? []) {
      const start = way.indexOf(to);
      if (start !== -1) found.push({ path, names: [...way.slice(start), to] });
      else if (!done.has(to)) visit(to, [...way, to]);
    }
    done.add(name);
  };
  for (const name of edges.keys()) if (!done.has(name)) visit(name, [name]);
  return found;
}
