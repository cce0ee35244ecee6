import { analyseRulesets, type Finding } from '../netfilter/analyse/index.ts';
import { findChain, printRule } from '../netfilter/index.ts';
import type { Family, Rule, Ruleset } from '../netfilter/model.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import { isUnseen, placedRules, rulesetsOf } from './rulesets-of.ts';
import { samplePackets } from './sample-packets.ts';
import { simulateAt, type WalkedStep } from './walk.ts';

export interface PlaceOfRule {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** 1-based. */
  readonly number: number;
}

export type Fate =
  /** In words that follow "it is never reached: ". Proved over all packets. */
  | { readonly kind: 'dead'; readonly why: string }
  /** Some packet gets there and matches. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'unknown' };

/** Whether any packet ever matches a rule of a node. */
export function fateOf(snapshot: NodeSnapshot, at: PlaceOfRule): Fate {
  for (const ruleset of rulesetsOf(snapshot, at.family)) {
    const chain = findChain(ruleset, at.table, at.chain);
    if (chain?.rules[at.number - 1] === undefined || chain.rules.some(isUnseen)) continue;
    const findings = findingsOf(ruleset, at.table);
    const here = findings.filter((one) => one.chain === at.chain);
    const found = here.find((one) => dead.has(one.code) && one.rules.includes(at.number));
    if (found !== undefined) return { kind: 'dead', why: reasonOf(found, at) };
    // Rules of a chain that nothing calls are not judged one by one.
    const isIdle = here.some((one) => one.code === 'unused-chain' || one.code === 'unreachable');
    if (!isIdle && !findings.some((one) => one.code === 'not-analysed')) return { kind: 'alive' };
  }
  return { kind: 'unknown' };
}

/** Why no packet ever matches a rule; null where some packet does, or where that is not known. */
export function whyNeverReached(snapshot: NodeSnapshot, at: PlaceOfRule): string | null {
  const fate = fateOf(snapshot, at);
  return fate.kind === 'dead' ? fate.why : null;
}

const dead: ReadonlySet<string> = new Set(['shadowed', 'unreachable', 'never-matches']);

const analysed = new WeakMap<Ruleset, Map<string, readonly Finding[]>>();

/** The findings about one table; kept, since a state is judged by several checks. */
function findingsOf(ruleset: Ruleset, table: string): readonly Finding[] {
  const tables = analysed.get(ruleset) ?? new Map<string, readonly Finding[]>();
  analysed.set(ruleset, tables);
  let findings = tables.get(table);
  if (findings === undefined) {
    const only = { ...ruleset, tables: ruleset.tables.filter(({ name }) => name === table) };
    ({ findings } = analyseRulesets([only]));
    tables.set(table, findings);
  }
  return findings;
}

/** "rule 2 (-p tcp -j DROP) takes these packets first". */
function reasonOf(found: Finding, at: PlaceOfRule): string {
  const causes = found.causes.filter((cause) => cause.rule > 0);
  if (found.code === 'never-matches' || causes.length === 0)
    return found.message.replace(/\.$/, '').replace(/^./, lower);
  const rules = causes.map(
    ({ chain, rule, text }) => `rule ${rule}${chain === at.chain ? '' : ` of ${chain}`} (${text})`,
  );
  const [last = '', ...before] = rules.toReversed();
  const names = before.length === 0 ? last : `${before.toReversed().join(', ')} and ${last}`;
  return `${names} ${causes.length === 1 ? 'takes' : 'take'} these packets first`;
}

const lower = (letter: string): string => letter.toLowerCase();

/** Whether one packet of each sort that the rule takes fails to get to it from the beginning of its chain: quick, and no proof. */
export function seemsNeverReached(snapshot: NodeSnapshot, at: PlaceOfRule, rule: Rule): boolean {
  const from = { table: at.table, chain: at.chain };
  return samplePackets(rule, at.family === 'ipv6').every((packet) => {
    const walked = simulateAt(snapshot, { packet, from });
    if ('failure' in walked) return false;
    const step = walked.walk.find(
      (one) => one.table === at.table && one.chain === at.chain && one.rule === at.number && one.matched !== false,
    );
    return step === undefined;
  });
}

/** Rules of a node that no packet gets to any more though the same rule was reached before: in words, one each. */
export function newlyUnreached(was: NodeSnapshot, is: NodeSnapshot, families: readonly Family[]): string[] {
  return placedRules(is, families).flatMap((at) => {
    const before = placeBefore(was, at, at.rule);
    if (before === null || !seemsNeverReached(is, at, at.rule) || seemsNeverReached(was, before, at.rule)) return [];
    const why = whyNeverReached(is, at);
    const name = `${at.table} ${at.chain} rule ${at.number}`;
    return why === null ? [] : [`"${printRule(at.rule)}" (${name}) is never reached: ${why}`];
  });
}

function placeBefore(was: NodeSnapshot, at: PlaceOfRule, rule: Rule): PlaceOfRule | null {
  const text = printRule(rule);
  for (const ruleset of rulesetsOf(was, at.family)) {
    const index = findChain(ruleset, at.table, at.chain)?.rules.findIndex((one) => printRule(one) === text) ?? -1;
    if (index >= 0) return { ...at, number: index + 1 };
  }
  return null;
}

type Way = Exclude<ReturnType<typeof simulateAt>, { failure: string }>;

/**
 * The rule that would have done to a packet what is wanted if others did not stand before it, in a sentence; null where there is none.
 * Tried by taking away, in one table after the other, the rules that the packet meets.
 */
export function overtaken(
  snapshot: NodeSnapshot,
  family: Family,
  start: Parameters<typeof simulateAt>[1],
  isWanted: (walked: Way) => boolean,
): string | null {
  const first = simulateAt(snapshot, start);
  if ('failure' in first) return null;
  const tables = new Set(first.walk.flatMap((step) => (takes(step) ? [step.table] : [])));
  for (const table of tables) {
    const found = overtakenIn(table, snapshot, start, isWanted);
    if (found !== null) return sentence(snapshot, family, found.taker, found.mine);
  }
  return null;
}

function overtakenIn(
  table: string,
  snapshot: NodeSnapshot,
  start: Parameters<typeof simulateAt>[1],
  isWanted: (walked: Way) => boolean,
): { taker: Rule; mine: Rule } | null {
  let rest = snapshot;
  let taker: Rule | undefined;
  for (let taken = 0; taken <= mostTaken; taken++) {
    const walked = simulateAt(rest, start);
    if ('failure' in walked || walked.verdict === 'unknown') return null;
    const rule = walked.walk.find((step) => step.table === table && takes(step))?.of;
    if (rule === undefined) return null;
    if (taker !== undefined && isWanted(walked)) return rule.action.kind === 'return' ? null : { taker, mine: rule };
    taker ??= rule;
    rest = without(rest, rule);
  }
  return null;
}

/** The packet goes no further in the table, or the chain, than this rule. */
const takes = (step: WalkedStep): boolean =>
  step.matched === true && step.of !== undefined && endings.has(step.of.action.kind);

const endings: ReadonlySet<string> = new Set([
  'accept',
  'drop',
  'reject',
  'return',
  'dnat',
  'snat',
  'redirect',
  'masquerade',
  'netmap',
]);

/** Rules taken away one after another until the wanted one is met. */
const mostTaken = 8;

const without = (snapshot: NodeSnapshot, rule: Rule): NodeSnapshot => ({
  ...snapshot,
  rulesets: snapshot.rulesets.map((one) => ({
    ...one,
    ruleset: {
      ...one.ruleset,
      tables: one.ruleset.tables.map((table) => ({
        ...table,
        chains: table.chains.map((chain) =>
          chain.rules.includes(rule) ? { ...chain, rules: chain.rules.filter((other) => other !== rule) } : chain,
        ),
      })),
    },
  })),
});

function sentence(snapshot: NodeSnapshot, family: Family, taker: Rule, mine: Rule): string | null {
  const [first, place] = [placeOf(snapshot, family, taker), placeOf(snapshot, family, mine)];
  if (first === null || place === null) return null;
  const name = first.chain === place.chain ? `rule ${first.number}` : `rule ${first.number} of ${first.chain}`;
  const yours = `Your rule ${place.number} of ${place.chain} (${place.text})`;
  return `${yours} would do it, but the packet never gets there: ${name} (${first.text}) takes it first.`;
}

function placeOf(snapshot: NodeSnapshot, family: Family, rule: Rule) {
  for (const ruleset of rulesetsOf(snapshot, family)) {
    for (const table of ruleset.tables) {
      for (const chain of table.chains) {
        const index = chain.rules.indexOf(rule);
        if (index >= 0) return { table: table.name, chain: chain.name, number: index + 1, text: printRule(rule) };
      }
    }
  }
  return null;
}
