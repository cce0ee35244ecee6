/** Rules as people wrote them: one of nft may be several here, one for each element of a set or branch of a map. */

import { type Node, none } from './diagrams.ts';
import type { Space } from './space.ts';
import type { ChainFlow, RuleFlow } from './table-flow.ts';

export interface Unit {
  /** 0-based, both included. */
  readonly from: number;
  readonly to: number;
  readonly parts: readonly RuleFlow[];
}

export function unitsOf({ rules }: ChainFlow): Unit[] {
  const units: Unit[] = [];
  for (let from = 0; from < rules.length; ) {
    let to = from;
    while (rules[to + 1]?.number === rules[from]?.number) to++;
    units.push({ from, to, parts: rules.slice(from, to + 1) });
    from = to + 1;
  }
  return units;
}

/** The packets that it may match. */
export const unitSet = ({ d }: Space, { parts }: Unit): Node => parts.reduce((set, one) => d.or(set, one.set), none);
