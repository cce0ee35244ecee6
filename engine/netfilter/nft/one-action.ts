import type { Action } from '../model.ts';

/** Several statements of nft's as one action. One that ends the rule, and is not the last, leaves the rest undone. */
export function oneAction(actions: readonly Action[]): Action {
  const does = actions.filter((action) => action.kind !== 'none');
  const [first, second] = does;
  if (first === undefined) return { kind: 'none' };
  return second === undefined ? first : { kind: 'several', actions: does };
}
