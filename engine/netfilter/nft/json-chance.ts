/** What nft asks of chance, as xt_statistic does. */

import type { Condition } from '../model.ts';
import { type Json, type JsonObject, type Match, onlyValue } from './json-values.ts';

/** `numgen inc mod 3 0`: every third packet. `numgen random mod 3 0`: a third of them. */
export function readNumgen({ right, op, negated }: Match, { mode, mod, offset }: JsonObject): Condition[] | null {
  const value = onlyValue(right);
  const plain = (op === '==' || op === '!=') && (offset === undefined || offset === 0);
  if (!plain || typeof mod !== 'number' || typeof value !== 'number' || value >= mod) return null;
  if (mode === 'inc') return [{ kind: 'statistic', mode: 'nth', every: mod, packet: value, negated }];
  return mode === 'random' ? [{ kind: 'statistic', mode: 'random', probability: 1 / mod, negated }] : null;
}

/** `meta random & 2147483647 < 1073741824`, as iptables-translate writes a probability. */
export function readRandom({ right, op }: Match, mask: Json): Condition[] | null {
  const most = 0x7fff_ffff;
  if (mask !== most || typeof right !== 'number' || (op !== '<' && op !== '>=')) return null;
  return [{ kind: 'statistic', mode: 'random', probability: right / (most + 1), negated: op === '>=' }];
}
