import type { Ipset } from '../snapshot.ts';

/**
 * Sets from `ipset save` (ipset(8)): `create NAME TYPE HEADER...` and `add NAME ENTRY...` lines. Names with spaces are not
 * possible there. `initval` is a random seed of the kernel's and no setting: left out. Entries are sorted, since a hash has no order of its own.
 */
export function parseIpsets(text: string): readonly Ipset[] {
  const sets = new Map<string, { type: string; header: string; entries: string[] }>();
  for (const line of text.split('\n')) {
    const [verb, name, ...rest] = line.trim().split(' ');
    if (name === undefined) continue;
    if (verb === 'create')
      sets.set(name, {
        type: rest[0] ?? '',
        header: rest
          .slice(1)
          .join(' ')
          .replace(/ ?initval 0x[0-9a-f]+/, ''),
        entries: [],
      });
    if (verb === 'add') sets.get(name)?.entries.push(rest.join(' '));
  }
  return [...sets].map(([name, { type, header, entries }]) => ({ name, type, header, entries: entries.sort() }));
}
