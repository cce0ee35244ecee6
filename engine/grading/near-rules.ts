import { printRule, sameRule } from '../netfilter/index.ts';
import type { Rule } from '../netfilter/model.ts';
import type { PlacedRule } from './rulesets-of.ts';

export interface NearRule {
  readonly place: string;
  readonly text: string;
  /** How it differs from the wanted one, in words. */
  readonly differs: string;
}

const placeOf = (rule: PlacedRule): string => `${rule.table} ${rule.chain} rule ${rule.number}`;

/** Rules that come close to the wanted one, nearest first, at most three: what the learner probably meant. */
export function nearRules(
  wanted: Rule,
  at: { table: string; chain: string },
  rules: readonly PlacedRule[],
): NearRule[] {
  return rules
    .map((placed) => ({
      placed,
      score: likeness(wanted, placed.rule, at.table === placed.table && at.chain === placed.chain),
    }))
    .filter((one) => one.score >= 2)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ placed }) => ({
      place: placeOf(placed),
      text: printRule(placed.rule),
      differs: differences(wanted, placed, at),
    }));
}

function likeness(wanted: Rule, rule: Rule, samePlace: boolean): number {
  const parts = new Set(partsOf(rule));
  const wantedParts = partsOf(wanted);
  const shared = wantedParts.filter((part) => parts.has(part)).length;
  const action =
    JSON.stringify(rule.action) === JSON.stringify(wanted.action)
      ? 2
      : rule.action.kind === wanted.action.kind
        ? 1.5
        : 0;
  const kinds = new Set(rule.conditions.map((one) => one.kind));
  const sameKinds = wanted.conditions.filter((one) => kinds.has(one.kind)).length;
  return shared + action + sameKinds / 2 + (samePlace ? 0.5 : 0);
}

const partsOf = (rule: Rule): string[] =>
  rule.conditions.filter((one) => one.kind !== 'comment').map((one) => JSON.stringify(one));

function differences(wanted: Rule, placed: PlacedRule, at: { table: string; chain: string }): string {
  const parts: string[] = [];
  if (placed.table !== at.table || placed.chain !== at.chain)
    parts.push(`it stands in ${placed.table} ${placed.chain}`);
  if (!sameRule(wanted, placed.rule)) {
    const found = new Set(partsOf(placed.rule));
    const asked = new Set(partsOf(wanted));
    const missing = wanted.conditions.filter((one) => one.kind !== 'comment' && !found.has(JSON.stringify(one)));
    const extra = placed.rule.conditions.filter((one) => one.kind !== 'comment' && !asked.has(JSON.stringify(one)));
    const changed = missing.filter((one) => extra.some((other) => other.kind === one.kind)).map((one) => one.kind);
    const named = (list: readonly string[]) => list.map((kind) => kind.replaceAll('-', ' ')).join(', ');
    const missingOnly = missing.map((one) => one.kind).filter((kind) => !changed.includes(kind));
    const extraOnly = extra.map((one) => one.kind).filter((kind) => !changed.includes(kind));
    if (changed.length > 0) parts.push(`another ${named(changed)}`);
    if (missingOnly.length > 0) parts.push(`no condition on ${named(missingOnly)}`);
    if (extraOnly.length > 0) parts.push(`also asks for ${named(extraOnly)}`);
    if (JSON.stringify(wanted.action) !== JSON.stringify(placed.rule.action)) {
      parts.push(wanted.action.kind === placed.rule.action.kind ? 'another setting of its target' : 'another target');
    }
  }
  return parts.join('; ') || 'the same rule';
}

/** A sentence about the near ones, for a message; empty when there are none. */
export function nearText(near: readonly NearRule[]): string {
  if (near.length === 0) return '';
  return ` Close to it: ${near.map((one) => `${one.place} "${one.text}" (${one.differs})`).join('; ')}.`;
}
