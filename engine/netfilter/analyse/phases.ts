/** Whether the rules of a chain are asked before conntrack has looked at a packet. */

import type { Place } from '../base-chains.ts';
import type { Action, Table } from '../model.ts';

export type Phase = 'before' | 'behind' | 'either';

export const phaseOf = ({ as }: Pick<Place, 'as'>): Phase => (as === 'raw' ? 'before' : 'behind');

/** The phase of each chain of a table that its base chains lead to. */
export function phasesOf(table: Table, places: readonly Place[]): Map<string, Phase> {
  const phases = new Map<string, Phase>();
  const calls = new Map(
    table.chains.map(({ name, rules }) => [name, rules.flatMap(({ action }) => calledBy(action))] as const),
  );
  const open = places.map((place) => [place.chain, phaseOf(place)] as const);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [name, phase] = next;
    const known = phases.get(name);
    if (known === phase || known === 'either') continue;
    phases.set(name, known === undefined ? phase : 'either');
    for (const callee of calls.get(name) ?? []) open.push([callee, phase]);
  }
  return phases;
}

function calledBy(action: Action): string[] {
  if (action.kind === 'several') return action.actions.flatMap(calledBy);
  return action.kind === 'jump' || action.kind === 'goto' ? [action.chain] : [];
}
