import { z } from 'zod';
import { findTable, isBuiltinChain, parseRule, printRule, sameRule } from '../../netfilter/index.ts';
import type { Chain } from '../../netfilter/model.ts';
import { defineCheck, type Finding, met, nodeAt, unknown, unmet } from '../check.ts';
import { chainsOf, couldBe, rulesetsOf, unreadableTable } from '../rulesets-of.ts';
import * as part from '../schema-parts.ts';

const schema = z.strictObject({
  node: part.node,
  family: part.family,
  table: part.table,
  chain: part.chain,
  exists: z.boolean().default(true),
  policy: z.enum(['ACCEPT', 'DROP']).optional(),
  /** These rules and no others, in this order. */
  rules: z.array(part.ruleSpec).optional(),
  /** These rules in this order; others may stand between them. */
  inOrder: z.array(part.ruleSpec).optional(),
  empty: z.boolean().optional(),
  /** A rule of this chain (of the same table) jumps or goes to it. */
  jumpedFrom: part.chain.optional(),
});
type Spec = z.output<typeof schema>;

export default defineCheck({
  type: 'chain',
  schema,
  describe(spec) {
    const name = `chain ${spec.chain} in ${spec.table} of ${spec.node}`;
    if (!spec.exists) return `there is no ${name}`;
    const parts = [
      spec.policy === undefined ? [] : [`has the policy ${spec.policy}`],
      spec.rules === undefined ? [] : [`holds just: ${spec.rules.join(' | ') || 'nothing'}`],
      spec.inOrder === undefined ? [] : [`holds in this order: ${spec.inOrder.join(' | ')}`],
      spec.empty === undefined ? [] : [spec.empty ? 'is empty' : 'is not empty'],
      spec.jumpedFrom === undefined ? [] : [`is jumped to from ${spec.jumpedFrom}`],
    ].flat();
    return parts.length === 0 ? `there is a ${name}` : `${name} ${parts.join(', ')}`;
  },
  needs: (spec) => ({ nodes: [spec.node] }),
  judge(spec, moment) {
    const at = nodeAt(moment.nodes, spec.node, 'iptables');
    if ('unknown' in at) return at.unknown;
    const unreadable = unreadableTable(at.snapshot, spec.family, spec.table);
    if (unreadable !== null) return unknown(unreadable);
    let chains = chainsOf(at.snapshot, spec.family, spec.table, spec.chain);
    if (chains.length === 0 && isBuiltinChain(spec.table, spec.chain)) {
      chains = [{ name: spec.chain, policy: 'ACCEPT', counters: null, rules: [] }];
    }
    if (chains.length === 0) {
      const names = namesIn(rulesetsOf(at.snapshot, spec.family), spec.table);
      if (!spec.exists) return met(`no chain ${spec.chain}`);
      return unmet(
        `no chain ${spec.chain}`,
        `There is no chain ${spec.chain} in ${spec.table} of ${spec.node}; the chains there are: ${names}.`,
      );
    }
    if (!spec.exists) {
      const rules = chains.reduce((sum, one) => sum + one.rules.length, 0);
      return unmet(
        `${spec.chain} with ${rules} rule(s)`,
        `The chain ${spec.chain} is still there. A chain can be deleted when it is empty and no rule jumps to it.`,
      );
    }
    const callers = rulesetsOf(at.snapshot, spec.family).flatMap((ruleset) => callersOf(ruleset, spec));
    const findings = chains.map((chain) => judgeChain(spec, chain, callers));
    return (
      findings.find((one) => one.outcome === 'met') ??
      findings.find((one) => one.outcome === 'unknown') ??
      findings[0] ??
      unknown('no chain was read.')
    );
  },
});

function judgeChain(spec: Spec, chain: Chain, callers: readonly string[]): Finding {
  const listed = chain.rules.map(printRule).join(' | ') || 'no rules';
  const wrong: string[] = [];
  let doubtful = false;
  if (spec.policy !== undefined && chain.policy !== spec.policy) wrong.push(`its policy is ${chain.policy ?? 'none'}`);
  if (spec.empty !== undefined && (chain.rules.length === 0) !== spec.empty) wrong.push(`it holds ${listed}`);
  if (spec.jumpedFrom !== undefined && !callers.includes(spec.jumpedFrom)) {
    wrong.push(callers.length === 0 ? 'no rule jumps to it' : `it is jumped to from ${callers.join(', ')} only`);
  }
  for (const [texts, exact] of [
    [spec.rules, true],
    [spec.inOrder, false],
  ] as const) {
    if (texts === undefined) continue;
    const wanted = texts.map((text) => parseRule(text, spec.family));
    if (holds(chain, wanted, exact, sameRule)) continue;
    if (holds(chain, wanted, exact, (rule, want) => sameRule(rule, want) || couldBe(rule, want))) doubtful = true;
    else wrong.push(`it holds ${listed}`);
  }
  const actual = `policy ${chain.policy ?? '-'}; ${listed}; jumped to from ${callers.join(', ') || 'nowhere'}`;
  if (wrong.length > 0) {
    return unmet(actual, `Chain ${spec.chain} in ${spec.table} of ${spec.node} is not as asked: ${wrong.join('; ')}.`);
  }
  return doubtful ? unknown(`parameters of rules of ${spec.chain} were never seen.`) : met(actual);
}

function holds(
  chain: Chain,
  wanted: readonly Chain['rules'][number][],
  exact: boolean,
  same: typeof sameRule,
): boolean {
  if (exact && wanted.length !== chain.rules.length) return false;
  let next = 0;
  for (const rule of chain.rules) {
    const want = wanted[next];
    if (want !== undefined && same(rule, want)) next += 1;
    else if (exact) return false;
  }
  return next === wanted.length;
}

function callersOf(ruleset: Parameters<typeof findTable>[0], spec: Spec): string[] {
  const chains = findTable(ruleset, spec.table)?.chains ?? [];
  return chains
    .filter((chain) =>
      chain.rules.some(
        ({ action }) => (action.kind === 'jump' || action.kind === 'goto') && action.chain === spec.chain,
      ),
    )
    .map((chain) => chain.name);
}

function namesIn(rulesets: readonly Parameters<typeof findTable>[0][], table: string): string {
  const names = rulesets.flatMap((ruleset) => findTable(ruleset, table)?.chains.map((chain) => chain.name) ?? []);
  return [...new Set(names)].join(', ') || 'none';
}
