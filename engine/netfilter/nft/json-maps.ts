/** Verdict maps of nft: one rule with a branch for each element. */

import type { Action, Condition, Family } from '../model.ts';
import { statementAction } from './json-actions.ts';
import { keyConditions, type Sets } from './json-alternatives.ts';
import { isObject, type Json, type JsonObject, objectIn } from './json-values.ts';

export interface Branch {
  readonly conditions: readonly Condition[];
  readonly action: Action;
}

/** The branches of `KEY vmap { VALUE : VERDICT, ... }` or of a named map; the one for all others comes last. */
export function mapBranches(vmap: JsonObject, family: Family, sets: Sets): Branch[] {
  const { key, data } = vmap;
  const elements = pairsOf(data, sets);
  if (key === undefined || elements === null) return [{ conditions: [], action: { kind: 'unseen', target: 'vmap' } }];
  const choice = objectIn(key, 'numgen');
  if (choice !== null) return chosen(choice, elements, family);
  const ordered = [...elements.filter(([value]) => !isRest(value)), ...elements.filter(([value]) => isRest(value))];
  return ordered.flatMap(([value, verdict]) =>
    keyConditions(key, value, family).map((conditions) => ({ conditions, action: verdictOf(verdict, family) })),
  );
}

type Pair = readonly [value: Json, verdict: Json];

function pairsOf(data: Json | undefined, sets: Sets): Pair[] | null {
  const elements =
    typeof data === 'string' && data.startsWith('@')
      ? sets.get(data.slice(1))
      : isObject(data) && Array.isArray(data.set)
        ? (data.set as readonly Json[])
        : undefined;
  if (elements === undefined) return null;
  const pairs = elements.flatMap((one): Pair[] => (Array.isArray(one) ? [[one[0] ?? null, one[1] ?? null]] : []));
  return pairs.length === elements.length ? pairs : null;
}

const isRest = (value: Json): boolean => value === '*' || (isObject(value) && objectIn(value, 'elem')?.val === '*');

function verdictOf(verdict: Json, family: Family): Action {
  const [name, value] = Object.entries(isObject(verdict) ? verdict : {})[0] ?? ['', null];
  return statementAction(name, value, family) ?? { kind: 'unseen', target: 'vmap' };
}

/** `numgen random mod 3 vmap { 0 : .., 1 : .., 2 : .. }`: one after the other, as kube-proxy's iptables mode has it with statistic. */
function chosen({ mode, mod, offset }: JsonObject, elements: readonly Pair[], family: Family): Branch[] {
  const count = typeof mod === 'number' ? mod : 0;
  const numbers = elements.map(([value]) => value);
  const whole = (offset === undefined || offset === 0) && numbers.every((one, index) => one === index);
  if (mode !== 'random' || !whole || numbers.length !== count) {
    return [{ conditions: [], action: { kind: 'unseen', target: 'numgen' } }];
  }
  return elements.map(([, verdict], index) => {
    const left = count - index;
    const conditions: Condition[] =
      left === 1 ? [] : [{ kind: 'statistic', mode: 'random', probability: 1 / left, negated: false }];
    return { conditions, action: verdictOf(verdict, family) };
  });
}
