import { findTable, isBuiltinChain, targetName } from '../netfilter/index.ts';
import type { Family, Rule } from '../netfilter/model.ts';
import type { NodeSnapshot } from '../observe/snapshot.ts';
import { normalForm } from './answer-value.ts';
import { nodeAt } from './check.ts';
import type { Nodes, Observed } from './evidence.ts';
import type { Truth } from './question.ts';
import { chainsOf, placedRules, rulesetsOf, unreadableTable } from './rulesets-of.ts';
import { decidingStep, simulateAt } from './walk.ts';

/** The right values in normal form (more than one where several are right), or why there is none, or why nobody can say. */
export type Truths = { readonly values: readonly string[]; readonly none: string } | { readonly failure: string };

/** Computes what a question's right answer is from the nodes' state. Every kind of question reads its values in normal form. */
export function truthsOf(truth: Truth, nodes: Observed<Nodes>): Truths {
  if (truth.value !== undefined) return literal(String(truth.value));
  const asked =
    truth.policy ?? truth['busiest-rule'] ?? truth['dnat-target'] ?? truth['deciding-rule'] ?? truth['rule-count'];
  if (asked === undefined) return { failure: 'the question has no truth.' };
  const at = nodeAt(nodes, asked.node, 'iptables');
  if ('unknown' in at) return { failure: at.unknown.message };
  const { snapshot } = at;
  if (truth.policy !== undefined) return policyOf(snapshot, truth.policy);
  if (truth['busiest-rule'] !== undefined) return busiestRule(snapshot, truth['busiest-rule']);
  if (truth['dnat-target'] !== undefined) return dnatTarget(snapshot, truth['dnat-target']);
  if (truth['deciding-rule'] !== undefined) return decidingRule(snapshot, truth['deciding-rule']);
  if (truth['rule-count'] !== undefined) return ruleCount(snapshot, truth['rule-count']);
  return { failure: 'the question has no truth.' };
}

/** A literal may be of any kind of question: it is given in every form that it has. */
function literal(value: string): Truths {
  const kinds = ['policy', 'chain', 'rule', 'endpoint', 'number', 'probability', 'choice'] as const;
  const values = kinds.map((kind) => normalForm(kind, value)).filter((one) => one !== null);
  return { values: [...new Set(values)], none: '' };
}

function policyOf(snapshot: NodeSnapshot, asked: { family: Family; table: string; chain: string }): Truths {
  const unreadable = unreadableTable(snapshot, asked.family, asked.table);
  if (unreadable !== null) return { failure: unreadable };
  const policies = chainsOf(snapshot, asked.family, asked.table, asked.chain).map((chain) => chain.policy);
  if (policies.length === 0 && isBuiltinChain(asked.table, asked.chain)) policies.push('ACCEPT');
  // Where both backends hold the chain a packet has to be accepted by both.
  const policy = policies.includes('DROP') ? 'DROP' : policies.find((one) => one !== null);
  return { values: policy == null ? [] : [policy], none: `${asked.chain} has no policy.` };
}

function inPlace(
  snapshot: NodeSnapshot,
  asked: { family: Family; table?: string | undefined; chain?: string | undefined },
) {
  return placedRules(snapshot, [asked.family]).filter(
    (one) => (asked.table ?? one.table) === one.table && (asked.chain ?? one.chain) === one.chain,
  );
}

function busiestRule(snapshot: NodeSnapshot, asked: Parameters<typeof inPlace>[1]): Truths {
  const unread = anyUnreadable(snapshot, asked);
  if (unread !== null) return { failure: unread };
  const rules = inPlace(snapshot, asked);
  const most = Math.max(0, ...rules.map((one) => one.rule.counters?.packets ?? 0));
  const busiest = most === 0 ? [] : rules.filter((one) => one.rule.counters?.packets === most);
  return {
    values: busiest.map((one) => `${one.table}:${one.chain}:${one.number}`.toUpperCase()),
    none: 'no rule had counted a packet.',
  };
}

function dnatTarget(snapshot: NodeSnapshot, asked: NonNullable<Truth['dnat-target']>): Truths {
  const walked = simulateAt(snapshot, asked);
  if ('failure' in walked) return walked;
  const rewritten = walked.rewrites.dst !== undefined || walked.rewrites.dport !== undefined;
  if (!rewritten) {
    return walked.verdict === 'unknown'
      ? { failure: `where the packet goes is not known: ${walked.unknown.join('; ')}.` }
      : { values: [], none: 'nat did not rewrite that packet then.' };
  }
  const { dst, dport } = walked.left;
  const endpoint = dst === null || dport === null ? null : normalForm('endpoint', `${dst}:${dport}`);
  return endpoint === null ? { failure: 'the packet has no port.' } : { values: [endpoint], none: '' };
}

function decidingRule(snapshot: NodeSnapshot, asked: NonNullable<Truth['deciding-rule']>): Truths {
  const walked = simulateAt(snapshot, asked);
  if ('failure' in walked) return walked;
  if (walked.verdict === 'unknown')
    return { failure: `what decides the packet is not known: ${walked.unknown.join('; ')}.` };
  const step = decidingStep(walked);
  if (step === undefined) return { values: [], none: 'no rule decided that packet.' };
  const number = step.rule === 0 ? 'POLICY' : String(step.rule);
  return { values: [`${step.table}:${step.chain}:${number}`.toUpperCase()], none: '' };
}

function ruleCount(snapshot: NodeSnapshot, asked: NonNullable<Truth['rule-count']>): Truths {
  const unread = anyUnreadable(snapshot, asked);
  if (unread !== null) return { failure: unread };
  const { target } = asked;
  const rules = inPlace(snapshot, asked).filter(
    (one) => target === undefined || targetOf(one.rule) === target.toUpperCase(),
  );
  return { values: [String(rules.length)], none: '' };
}

/** What stands after -j, in capitals. */
const targetOf = ({ action }: Rule): string => targetName(action).toUpperCase();

function anyUnreadable(snapshot: NodeSnapshot, asked: { family: Family; table?: string | undefined }): string | null {
  const tables = rulesetsOf(snapshot, asked.family).flatMap((ruleset) => ruleset.tables);
  for (const { name } of tables) {
    const reason = findTable({ family: asked.family, tables, remarks: [] }, name)?.unreadable;
    if (reason !== undefined && (asked.table ?? name) === name) return `table ${name} could not be read (${reason}).`;
  }
  return null;
}
