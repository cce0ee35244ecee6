/**
 * The names of interfaces as far as rulesets tell them apart: each name that stands there, for each `eth+` the others that begin so, all
 * other names, and no interface at all.
 */

import type { Ruleset } from '../model.ts';

export interface InterfaceClass {
  readonly kind: 'none' | 'name' | 'prefix' | 'other';
  /** The name, or the prefix without its `+`. */
  readonly text: string;
  /** A name that belongs to it; empty for no interface. */
  readonly example: string;
}

/** IFNAMSIZ of linux/if.h: fifteen characters and a zero. */
const longestName = 15;

export function interfaceClasses(rulesets: readonly Ruleset[]): readonly InterfaceClass[] {
  // Some conditions take lo for another kind of interface.
  const names = new Set(['lo']);
  const prefixes = new Set<string>();
  for (const ruleset of rulesets)
    for (const table of ruleset.tables)
      for (const chain of table.chains)
        for (const rule of chain.rules)
          for (const condition of rule.conditions) {
            if (condition.kind !== 'in-interface' && condition.kind !== 'out-interface') continue;
            if (!condition.name.endsWith('+')) names.add(condition.name);
            else if (condition.name !== '+') prefixes.add(condition.name.slice(0, -1));
          }
  const classes: InterfaceClass[] = [
    { kind: 'none', text: '', example: '' },
    { kind: 'other', text: '', example: exampleFor('', names, prefixes) ?? 'other0' },
  ];
  for (const text of names) classes.push({ kind: 'name', text, example: text });
  for (const text of prefixes) {
    const example = exampleFor(text, names, prefixes);
    if (example !== null) classes.push({ kind: 'prefix', text, example });
  }
  return classes;
}

/** A name that begins with the prefix, is none of those that stand there, and begins with no longer prefix. */
function exampleFor(prefix: string, names: ReadonlySet<string>, prefixes: ReadonlySet<string>): string | null {
  const longer = [...prefixes].filter((other) => other.length > prefix.length && other.startsWith(prefix));
  const endings = prefix === '' ? ['eth9', 'ens9', 'wan9', 'if9', 'x9y', 'q7z'] : ['0', '1', '2', '9', 'x', 'y0', 'q7'];
  const candidates = prefix === '' ? endings : [...endings.map((ending) => prefix + ending), prefix];
  const fits = (name: string) =>
    name.length <= longestName && !names.has(name) && !longer.some((other) => name.startsWith(other));
  return candidates.find(fits) ?? null;
}

/** The classes that a name as iptables writes it stands for. */
export function classesOf(classes: readonly InterfaceClass[], name: string): number[] {
  const prefix = name.endsWith('+') ? name.slice(0, -1) : null;
  return classes.flatMap((one, index) => {
    if (prefix === null) return one.kind === 'name' && one.text === name ? [index] : [];
    if (prefix === '') return [index];
    return (one.kind === 'name' || one.kind === 'prefix') && one.text.startsWith(prefix) ? [index] : [];
  });
}

/** The class of one real name; 0 for none. */
export function classOfName(classes: readonly InterfaceClass[], name: string | null): number {
  if (name === null) return 0;
  const exact = classes.findIndex((one) => one.kind === 'name' && one.text === name);
  if (exact >= 0) return exact;
  let best = 1;
  for (const [index, one] of classes.entries()) {
    if (one.kind !== 'prefix' || !name.startsWith(one.text)) continue;
    if (best === 1 || one.text.length > (classes[best]?.text.length ?? 0)) best = index;
  }
  return best;
}
