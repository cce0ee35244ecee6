import { builtinChains, findChain, findTable, isBuiltinChain, printRule, sameRule } from '../netfilter/index.ts';
import type { Chain, Rule, Ruleset } from '../netfilter/model.ts';
import { isUnseen } from './rulesets-of.ts';

export interface DifferenceOptions {
  /** These tables only. */
  readonly tables?: readonly string[] | undefined;
  /** These chains only. */
  readonly chains?: readonly string[] | undefined;
  readonly policiesOnly?: boolean;
  /** Chains left out, with the jumps to them. */
  readonly ignore?: readonly { readonly table?: string | undefined; readonly chain: string }[];
  /** Rules that may be missing, or be there: a fault that is to be repaired. */
  readonly except?: (rule: Rule, table: string, chain: string) => boolean;
  /** More rules and chains than before are no difference. */
  readonly additions?: boolean;
  readonly names: { readonly before: string; readonly after: string };
}

export interface Differences {
  /** In words, one each. */
  readonly differences: readonly string[];
  /** What could not be compared, in words. */
  readonly unknown: readonly string[];
}

/** What differs between two rulesets by meaning; counters, comments and spelling do not. A table that nobody touched equals an empty one. */
export function rulesetDifferences(before: Ruleset, after: Ruleset, options: DifferenceOptions): Differences {
  const names = new Set([...before.tables, ...after.tables].map((table) => table.name));
  const differences: string[] = [];
  const unknown: string[] = [];
  for (const table of names) {
    if (options.tables !== undefined && !options.tables.includes(table)) continue;
    const unreadable = findTable(before, table)?.unreadable ?? findTable(after, table)?.unreadable;
    if (unreadable !== undefined) {
      unknown.push(`table ${table} could not be read (${unreadable}).`);
      continue;
    }
    for (const chain of chainNames(before, after, table)) {
      if (options.chains !== undefined && !options.chains.includes(chain)) continue;
      if (isIgnored(options, table, chain)) continue;
      const found = chainDifferences(before, after, { table, chain }, options);
      differences.push(...found.differences);
      unknown.push(...found.unknown);
    }
  }
  return { differences, unknown };
}

function chainNames(before: Ruleset, after: Ruleset, table: string): Set<string> {
  const chains = [before, after].flatMap((one) => findTable(one, table)?.chains ?? []);
  return new Set([...(builtinChains[table] ?? []), ...chains.map((chain) => chain.name)]);
}

function isIgnored(options: DifferenceOptions, table: string, chain: string): boolean {
  return (options.ignore ?? []).some((one) => one.chain === chain && (one.table ?? table) === table);
}

function chainDifferences(
  before: Ruleset,
  after: Ruleset,
  at: { table: string; chain: string },
  options: DifferenceOptions,
): Differences {
  const place = `${at.table} ${at.chain}`;
  const was = chainOrEmpty(before, at);
  const is = chainOrEmpty(after, at);
  if (was === null && is === null) return { differences: [], unknown: [] };
  const { names } = options;
  if (is === null)
    return options.policiesOnly ? none : { differences: [`chain ${place} is missing in ${names.after}`], unknown: [] };
  if (was === null) {
    return options.additions || options.policiesOnly
      ? none
      : { differences: [`chain ${place} is in ${names.after} and not in ${names.before}`], unknown: [] };
  }
  const policy =
    was.policy === is.policy
      ? []
      : [`the policy of ${place} is ${is.policy} in ${names.after} and ${was.policy} in ${names.before}`];
  if (options.policiesOnly) return { differences: policy, unknown: [] };
  const counts = (rule: Rule) =>
    !(options.except?.(rule, at.table, at.chain) ?? false) && !jumpsToIgnored(rule, at.table, options);
  const rules = ruleDifferences(was.rules.filter(counts), is.rules.filter(counts), place, options);
  return { differences: [...policy, ...rules.differences], unknown: rules.unknown };
}

const none: Differences = { differences: [], unknown: [] };

function chainOrEmpty(ruleset: Ruleset, at: { table: string; chain: string }): Chain | null {
  const chain = findChain(ruleset, at.table, at.chain);
  if (chain !== undefined && chain !== null) return chain;
  return isBuiltinChain(at.table, at.chain) ? { name: at.chain, policy: 'ACCEPT', counters: null, rules: [] } : null;
}

function jumpsToIgnored(rule: Rule, table: string, options: DifferenceOptions): boolean {
  const { action } = rule;
  return (action.kind === 'jump' || action.kind === 'goto') && isIgnored(options, table, action.chain);
}

function ruleDifferences(
  was: readonly Rule[],
  is: readonly Rule[],
  place: string,
  options: DifferenceOptions,
): Differences {
  const { missing, added } = align(was, is);
  if (missing.length === 0 && (added.length === 0 || options.additions)) return none;
  // A rule whose parameters were never seen may be the very one that seems to be missing.
  if (is.some(isUnseen) || was.some(isUnseen))
    return { differences: [], unknown: [`parameters of rules in ${place} were never seen.`] };
  const { names } = options;
  const moved = missing.filter((rule) => added.some((other) => sameRule(rule, other)));
  const differences = [
    ...moved.map((rule) => `in ${place} of ${names.after} "${printRule(rule)}" stands in another place`),
    ...missing
      .filter((rule) => !moved.includes(rule))
      .map((rule) => `${place} of ${names.after} lacks "${printRule(rule)}"`),
    ...(options.additions
      ? []
      : added
          .filter((rule) => !moved.some((other) => sameRule(rule, other)))
          .map((rule) => `${place} of ${names.after} has "${printRule(rule)}" more`)),
  ];
  return { differences, unknown: [] };
}

/** Which rules were taken out and put in, by a longest common subsequence after equal ends are cut off. */
function align(was: readonly Rule[], is: readonly Rule[]): { missing: Rule[]; added: Rule[] } {
  let head = 0;
  while (head < was.length && head < is.length && same(was[head], is[head])) head += 1;
  let tail = 0;
  while (tail < was.length - head && tail < is.length - head && same(was.at(-1 - tail), is.at(-1 - tail))) tail += 1;
  const a = was.slice(head, was.length - tail);
  const b = is.slice(head, is.length - tail);
  if (a.length === 0 || b.length === 0 || a.length * b.length > 1_000_000) return { missing: a, added: b };
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      if (row !== undefined) row[j] = same(a[i], b[j]) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const missing: Rule[] = [];
  const added: Rule[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && right !== undefined && same(left, right)) [i, j] = [i + 1, j + 1];
    else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      missing.push(left);
      i += 1;
    } else if (right !== undefined) {
      added.push(right);
      j += 1;
    }
  }
  return { missing, added };
}

const same = (a: Rule | undefined, b: Rule | undefined): boolean =>
  a !== undefined && b !== undefined && sameRule(a, b);
