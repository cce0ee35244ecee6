/** What is wrong or idle in rulesets, exactly: every claim holds for all packets, or comes with one that shows it. */

import { findTable } from '../find.ts';
import type { Family, Ruleset, Table } from '../model.ts';
import { Endings } from './endings.ts';
import { compareFamilies } from './families.ts';
import { findChainFaults } from './find-chain-faults.ts';
import { findContradictions } from './find-contradictions.ts';
import { findDeadRules } from './find-dead-rules.ts';
import { findRedundantRules } from './find-redundant-rules.ts';
import { findStateGaps } from './find-state-gaps.ts';
import type { Finding, FindingCode, RuleReference, Severity } from './finding.ts';
import { mergeFamilies } from './merge-families.ts';
import { TooLargeError } from './node-store.ts';
import { addressBitsOf, makeSpace } from './space.ts';
import { type Subject, subjectOf } from './subject.ts';
import { TableFlow } from './table-flow.ts';

export interface Analysis {
  readonly findings: readonly Finding[];
}

/**
 * Analyses one ruleset, or those of both families of one host. Pure. Shadowed, redundant and the other claims about what never happens are
 * proofs; where the sets of a table grow too large, a finding `not-analysed` says so and names what was left out.
 */
export function analyseRulesets(rulesets: readonly Ruleset[]): Analysis {
  const viewed = new Set<string>();
  const findings = rulesets.flatMap((ruleset) =>
    ruleset.tables
      .filter((table) => findTable(ruleset, table.name) === table)
      .flatMap((table) => {
        const other = rulesets.find((one) => one !== ruleset && isShared(one, table));
        if (other === undefined) return analyseTable(ruleset, table);
        if (viewed.has(table.name)) return [];
        viewed.add(table.name);
        const [here, there] = [ruleset, other].map((one) => ({
          ruleset: one,
          findings: analyseTable(one, findTable(one, table.name) ?? table),
        }));
        return here === undefined || there === undefined ? [] : mergeFamilies(table.name, here, there);
      }),
  );
  return { findings: sorted([...findings, ...unfollowed(rulesets), ...acrossFamilies(rulesets)]) };
}

/** Whether the other family's packets meet the very same table: nft's `inet`. */
const isShared = (other: Ruleset, { name, bases }: Table): boolean =>
  bases !== undefined && findTable(other, name)?.bases !== undefined;

function unfollowed(rulesets: readonly Ruleset[]): Finding[] {
  const chains = new Map(
    rulesets.flatMap((one) => (one.unfollowed ?? []).map(({ name }) => [name, one.family] as const)),
  );
  return [...chains].map(([name, family]) => notAnalysed(family, '', `What ${name} does is not analysed.`));
}

function acrossFamilies(rulesets: readonly Ruleset[]): Finding[] {
  if (new Set(rulesets.map(({ family }) => family)).size < 2) return [];
  try {
    return compareFamilies(makeSpace(rulesets, { addressBits: 128 }), rulesets);
  } catch (thrown) {
    if (!(thrown instanceof TooLargeError)) throw thrown;
    return [notAnalysed('ipv6', 'filter', `The two families were not compared: ${thrown.message}.`)];
  }
}

const parts: readonly (readonly [string, (subject: Subject) => Finding[]])[] = [
  ['chains', findChainFaults],
  ['rules that never match', findDeadRules],
  ['rules that change nothing', findRedundantRules],
  ['contradictions', findContradictions],
  ['connections', findStateGaps],
];

function analyseTable(ruleset: Ruleset, table: Table): Finding[] {
  const { family } = ruleset;
  if (table.unreadable !== undefined) {
    return [notAnalysed(family, table.name, `Table ${table.name} could not be read: ${table.unreadable}`)];
  }
  const findings: Finding[] = [];
  try {
    const space = makeSpace([{ ...ruleset, tables: [table] }], { addressBits: addressBitsOf(family) });
    const subject = subjectOf(ruleset, new TableFlow(space, new Endings(space.d), table, { backend: ruleset.backend }));
    for (const [name, find] of parts) {
      try {
        findings.push(...find(subject));
      } catch (thrown) {
        if (!(thrown instanceof TooLargeError)) throw thrown;
        findings.push(
          notAnalysed(family, table.name, `${name} of ${table.name} were not looked for: ${thrown.message}.`),
        );
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof TooLargeError)) throw thrown;
    findings.push(notAnalysed(family, table.name, `Table ${table.name} is too large to analyse: ${thrown.message}.`));
  }
  return withoutMirrors(findings);
}

function notAnalysed(family: Family, table: string, message: string): Finding {
  const capital = message.charAt(0).toUpperCase() + message.slice(1);
  return {
    code: 'not-analysed',
    severity: 'note',
    family,
    table,
    chain: '',
    rules: [],
    text: null,
    causes: [],
    message: capital,
    witness: null,
  };
}

const dead: ReadonlySet<FindingCode> = new Set(['shadowed', 'unreachable', 'never-matches']);

/** Of two rules that do the same the later one is shadowed; that the earlier one could go as well is no news. */
function withoutMirrors(findings: readonly Finding[]): Finding[] {
  const never = new Set(
    findings.flatMap(({ code, chain, rules }) => (dead.has(code) ? rules.map((rule) => `${chain} ${rule}`) : [])),
  );
  const isDead = ({ chain, rule }: RuleReference): boolean => never.has(`${chain} ${rule}`);
  return findings.filter(({ code, causes }) => code !== 'redundant' || !causes.some(isDead));
}

const ranks: readonly Severity[] = ['error', 'warning', 'note'];

/** By weight, then where they stand. */
function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      ranks.indexOf(a.severity) - ranks.indexOf(b.severity) ||
      (a.family < b.family ? -1 : a.family > b.family ? 1 : 0) ||
      (a.table < b.table ? -1 : a.table > b.table ? 1 : 0) ||
      (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : 0) ||
      (a.rules[0] ?? 0) - (b.rules[0] ?? 0),
  );
}
