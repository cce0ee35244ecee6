import { formOf } from './answer-form.ts';
import { normalForm, sameValue } from './answer-value.ts';
import { type Finding, met, unknown, unmet } from './check.ts';
import type { Nodes, Observed } from './evidence.ts';
import type { Question } from './question.ts';
import { truthsOf } from './truth.ts';

/**
 * Judges an answer against the nodes as they were when it was given (or at the beginning, where the question says so). The caller picks
 * the nodes. Pure; unknown where the truth cannot be computed from them.
 */
export function judgeAnswer(question: Question, value: string, nodes: Observed<Nodes>): Finding {
  const truth = truthsOf(question.truth, nodes);
  if ('failure' in truth) return unknown(truth.failure);
  const given = normalForm(question.kind, value);
  const actual = `"${value.trim()}"`;
  if (given === null) {
    return unmet(actual, `The answer ${actual} is not in a form that can be read: expected ${formOf(question)}.`);
  }
  if (truth.values.length === 0) return unmet(actual, `The answer is not right: ${truth.none}`);
  if (truth.values.some((one) => sameValue(question.kind, one, given))) return met(`the answer ${actual}`);
  // What is the same in every session no node shows.
  if (question.truth.value !== undefined)
    return unmet(actual, `The answer ${actual} is not right. Think again: ${question.ask}`);
  const when = question.of === 'baseline' ? 'at the beginning' : 'when it was given';
  return unmet(actual, `The answer ${actual} is not what the node showed ${when}. Look again: ${question.ask}`);
}
