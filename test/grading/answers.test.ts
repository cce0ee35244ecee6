import { describe, expect, test } from 'vitest';
import { missedForm } from '../../engine/grading/answer-form.ts';
import { normalForm, sameValue } from '../../engine/grading/answer-value.ts';
import { judgeAnswer } from '../../engine/grading/judge-answer.ts';
import { questionSchema } from '../../engine/grading/question.ts';
import { filter, snapshot, verdictOf } from './hand-made.ts';

const busy = filter(
  '[9:9] -A INPUT -i lo -j ACCEPT\n[40:9] -A INPUT -p tcp -m tcp --dport 23 -j DROP\n[20:9] -A INPUT -j LOG',
  { input: 'DROP' },
);

function of(question: object, value: string | null, at = snapshot(busy), baseline = snapshot()) {
  const answers = value === null ? {} : { q: { value, at } };
  return verdictOf({ answer: { question: 'q' } }, { answers, baseline }, {}, [{ id: 'q', ask: 'What?', ...question }])
    .verdict;
}

describe('answers', () => {
  test('no answer is failed, an unread state nobody’s fault', () => {
    const question = { kind: 'policy', truth: { policy: { node: 'host', chain: 'INPUT' } } };
    expect(of(question, null)).toBe('failed');
    expect(of(question, 'DROP', snapshot('', { problems: [{ section: 'iptables', message: 'no' }] }))).toBe(
      'could-not-check',
    );
  });
  test.each(['DROP', ' drop ', 'Drop'])('policy %j', (value) => {
    expect(of({ kind: 'policy', truth: { policy: { node: 'host', chain: 'INPUT' } } }, value)).toBe('passed');
    expect(of({ kind: 'policy', truth: { policy: { node: 'host', chain: 'FORWARD' } } }, value)).toBe('failed');
  });
  test.each([
    ['filter:INPUT:2', 'passed'],
    ['INPUT:2', 'passed'],
    [' input : 2', 'passed'],
    ['INPUT 2', 'passed'],
    ['filter:INPUT:3', 'failed'],
    ['nat:INPUT:2', 'failed'],
    ['INPUT', 'failed'],
    ['2', 'failed'],
  ])('busiest rule %j is %s', (value, verdict) => {
    expect(of({ kind: 'rule', truth: { 'busiest-rule': { node: 'host', table: 'filter' } } }, value)).toBe(verdict);
  });
  test('is judged against the state when it was given, or the beginning', () => {
    const truth = { 'rule-count': { node: 'host', chain: 'INPUT' } };
    expect(of({ kind: 'number', truth }, '3')).toBe('passed');
    expect(of({ kind: 'number', truth, of: 'baseline' }, '3')).toBe('failed');
    expect(of({ kind: 'number', truth, of: 'baseline' }, '0')).toBe('passed');
    expect(of({ kind: 'number', truth: { 'rule-count': { node: 'host', target: 'drop' } } }, '1')).toBe('passed');
  });
  test.each([
    ['chain', 'OUTPUT', 'output', true],
    ['chain', 'OUTPUT', 'nat OUTPUT', true],
    ['chain', 'OUTPUT', 'PREROUTING', false],
    ['chain', 'nat:OUTPUT', 'filter:OUTPUT', false],
    ['endpoint', '10.0.0.2:80', ' 10.0.0.2 : 80', true],
    ['endpoint', '10.0.0.2:80', '10.0.0.2:8080', false],
    ['endpoint', 'fd00::1:80', '[fd00:0::1]:80', true],
    ['probability', '0.3333', '1/3', true],
    ['probability', '0.3333', '33 %', true],
    ['probability', '0.3333', '0.34', false],
    ['probability', '0.3333', '33', false],
    ['number', '1000', '1,000', true],
    ['choice', 'ipvs', 'IPVS', true],
  ] as const)('%s %j: %j', (kind, truth, given, same) => {
    const [a, b] = [normalForm(kind, truth), normalForm(kind, given)];
    expect(a !== null && b !== null && sameValue(kind, a, b)).toBe(same);
  });
});

describe('a value that cannot be an answer', () => {
  const question = (kind: string, choices?: readonly string[]) =>
    questionSchema.parse({ id: 'q', ask: 'What?', kind, truth: { value: 'x' }, ...(choices ? { choices } : {}) });
  test.each([
    ['policy', '10', /a policy/],
    ['chain', 'the output chain', /name of a chain/],
    ['chain', 'host:OUTPUT', /name of a chain/],
    ['chain', '-j', /name of a chain/],
    ['rule', 'INPUT', /TABLE:CHAIN:NUMBER/],
    ['rule', 'filter:INPUT:0', /TABLE:CHAIN:NUMBER/],
    ['endpoint', '10.0.0.2', /address and a port/],
    ['endpoint', '10:80', /address and a port/],
    ['endpoint', '10.0.0.2:70000', /address and a port/],
    ['number', 'many', /a number/],
    ['probability', 'half', /a probability/],
  ])('%s %j', (kind, value, form) => expect(missedForm(question(kind), value)).toMatch(form));
  test('of a choice is told the choices', () => {
    const choices = question('choice', ['PREROUTING', 'OUTPUT']);
    expect(missedForm(choices, 'input')).toBe('one of PREROUTING, OUTPUT');
    expect(missedForm(choices, ' output ')).toBeNull();
  });
  test.each([
    ['policy', 'drop'],
    ['chain', 'nat OUTPUT'],
    ['rule', 'INPUT 2'],
    ['rule', 'filter:INPUT:policy'],
    ['endpoint', '[fd00::1]:80'],
    ['number', '1,000'],
  ])('%s %j can', (kind, value) => expect(missedForm(question(kind), value)).toBeNull());
});

test('a wrong answer to what is always the same does not speak of nodes', () => {
  const asked = questionSchema.parse({ id: 'q', ask: 'Which chain?', kind: 'chain', truth: { value: 'OUTPUT' } });
  const { outcome, message } = judgeAnswer(asked, 'INPUT', { value: {} });
  expect(outcome).toBe('unmet');
  expect(message).toBe('The answer "INPUT" is not right. Think again: Which chain?');
});
