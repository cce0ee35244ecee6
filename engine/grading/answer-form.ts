import { normalForm } from './answer-value.ts';
import type { Question } from './question.ts';

/** What form a value would need to be read as the question's kind; null where it can be read, right or wrong. */
export function missedForm(question: Question, value: string): string | null {
  const given = normalForm(question.kind, value);
  if (given === null) return formOf(question);
  const allowed = question.choices?.map((choice) => normalForm('choice', choice)) ?? [given];
  return allowed.includes(given) ? null : formOf(question);
}

/** How an answer is written, for messages. */
export function formOf({ kind, choices }: Question): string {
  return kind === 'choice' && choices ? `one of ${choices.join(', ')}` : forms[kind];
}

const forms: Readonly<Record<Question['kind'], string>> = {
  policy: 'a policy, such as DROP',
  chain: 'the name of a chain, such as OUTPUT',
  rule: 'a rule as TABLE:CHAIN:NUMBER, such as filter:INPUT:2',
  endpoint: 'an address and a port, such as 10.0.0.2:80',
  number: 'a number',
  probability: 'a probability as decimal, fraction or percent',
  choice: 'one of the choices',
};
