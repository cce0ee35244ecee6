import { expect, test } from 'vitest';
import { criterionTurns, isOfStates } from '../../engine/grading/criterion-turns.ts';
import { criterionSchema } from '../../engine/grading/schema.ts';
import { evidenceOf, filter, snapshot } from './hand-made.ts';

const rule = (dport: number) => ({ rule: { node: 'host', chain: 'INPUT', spec: `-p tcp --dport ${dport} -j ACCEPT` } });
const line = (dport: number) => `-A INPUT -p tcp -m tcp --dport ${dport} -j ACCEPT`;
const at = (...ports: number[]) => snapshot(filter(ports.map(line).join('\n')));
const criterion = (id: string, part: object) => criterionSchema.parse({ id, title: id, points: 1, ...part });

const web = criterion('web', { all: [rule(80)] });

test('says at which state a criterion became true and stopped being so', () => {
  const { turns, judged, states } = criterionTurns(
    [web, criterion('no-telnet', { not: [rule(23)] })],
    [],
    evidenceOf({ states: [at(), at(80), at(80, 23), at(23), at(80)] }),
    [],
  );
  expect(turns.map(({ criterion, state, to }) => `${criterion} ${to} ${state}`)).toEqual([
    'web met 1',
    'no-telnet unmet 2',
    'web unmet 3',
    'web met 4',
    'no-telnet met 4',
  ]);
  expect([judged, states]).toEqual([5, 5]);
});

test('leaves out what a probe or an answer is in', () => {
  const asked = criterion('asked', { all: [rule(80), { answer: { question: 'q' } }] });
  expect([isOfStates(web), isOfStates(asked)]).toEqual([true, false]);
  expect(criterionTurns([asked], [], evidenceOf({ states: [at(), at(80)] }), []).turns).toEqual([]);
});

test('of thousands of states some are judged, and the turn between two of them is found', () => {
  const none = at();
  const one = at(80);
  const states = Array.from({ length: 5000 }, (_, index) => (index < 3210 ? none : one));
  const begin = performance.now();
  const found = criterionTurns([web], [], evidenceOf({ states }), [1000, 2000, 4000, 4999]);
  expect(found.turns).toMatchObject([{ state: 3210, to: 'met', exact: false }]);
  expect(found.judged).toBeLessThan(40);
  expect(found.states).toBe(5000);
  expect(performance.now() - begin).toBeLessThan(2000);
  const everywhere = Array.from({ length: 5000 }, (_, index) => index);
  expect(criterionTurns([web], [], evidenceOf({ states }), everywhere).judged).toBeLessThan(450);
});
