import { describe, expect, test } from 'vitest';
import { reportText } from '../../app/screens/doctor/report-text.ts';
import { filterShelves, nextLab, type Shelf } from '../../app/screens/library/filter.ts';
import { matrices } from '../../app/screens/packs/matrix.ts';
import { byLab } from '../../app/screens/results/by-lab.ts';
import type { LabCard } from '../../engine/contract/procedures/library.ts';
import type { PackTestCase } from '../../engine/contract/procedures/packs.ts';
import type { ResultSummary } from '../../engine/contract/procedures/results.ts';

const card = (id: string, more: Partial<LabCard> = {}): LabCard => ({
  pack: 'p',
  id,
  title: `Lab ${id}`,
  summary: 'Something to do.',
  level: 'beginner',
  minutes: 10,
  points: 100,
  nodes: ['host'],
  needs: [],
  after: [],
  progress: { state: 'new', best: null, session: null },
  ...more,
});
const shelf = (labs: LabCard[]): Shelf => ({ id: 'p', title: 'A pack', summary: null, version: '1.0.0', labs });
const state = (name: LabCard['progress']['state']) => ({ progress: { state: name, best: null, session: null } });

describe('the library', () => {
  const shelves = [
    shelf([
      card('nat', { title: 'Masquerade', level: 'intermediate', nodes: ['client', 'router'] }),
      card('read', { summary: 'Read counters.' }),
    ]),
  ];
  const found = (text: string, level: Parameters<typeof filterShelves>[2] = 'all') =>
    filterShelves(shelves, text, level).flatMap(({ labs }) => labs.map(({ id }) => id));

  test('finds labs by all of the words, in whatever case and order', () => {
    expect(found('')).toEqual(['nat', 'read']);
    expect(found('ROUTER masq')).toEqual(['nat']);
    expect(found('p/read')).toEqual(['read']);
    expect(found('masquerade counters')).toEqual([]);
  });

  test('finds labs by level, and leaves packs without any out', () => {
    expect(found('', 'beginner')).toEqual(['read']);
    expect(filterShelves(shelves, '', 'advanced')).toEqual([]);
  });

  test('the next lab is the one that was begun, else the first that may come', () => {
    const [a, b, c] = [card('a', state('passed')), card('b', { after: ['c'] }), card('c', { after: ['a'] })];
    expect(nextLab(shelf([a, b, c]))?.id).toBe('c');
    expect(nextLab(shelf([a, b, card('d', state('started'))]))?.id).toBe('d');
    expect(nextLab(shelf([a]))).toBe(null);
  });
});

describe('the results', () => {
  const result = (id: number, lab: string, score: number, possible = 100): ResultSummary => ({
    id,
    time: id,
    session: 's',
    pack: 'p',
    lab,
    title: lab,
    score,
    possible,
    undecided: 0,
    passed: score === possible,
  });

  test('of each lab the best score, and the scores in the order in which they were made', () => {
    const histories = byLab([result(4, 'b', 5, 10), result(3, 'a', 40), result(2, 'a', 90), result(1, 'a', 0)]);
    expect(histories.map(({ key, best, shares }) => [key, best.id, shares])).toEqual([
      ['p/b', 4, [0.5]],
      ['p/a', 2, [0, 0.9, 0.4]],
    ]);
  });

  test('a lab without points has no share of them', () => {
    expect(byLab([result(1, 'a', 0, 0)])[0]?.shares).toEqual([0]);
  });
});

test("a pack's cases stand by lab in the pack's order, solutions first, with the criteria that were judged", () => {
  const one = (
    lab: string,
    kind: PackTestCase['case'],
    name: string,
    verdicts: PackTestCase['verdicts'],
  ): PackTestCase => ({
    kind: 'case',
    lab,
    case: kind,
    name,
    title: name,
    seed: 1,
    outcome: 'passed',
    messages: [],
    verdicts,
    elapsedMs: 1,
  });
  const cases = [
    one('b', 'mistake', 'none', { x: 'failed', y: 'not-reached' }),
    one('a', 'solution', 'plain', {}),
    one('b', 'solution', 'right', { x: 'passed', y: 'passed' }),
  ];
  expect(
    matrices(cases, ['a', 'b', 'c']).map(({ lab, criteria, cases: own }) => [
      lab,
      criteria,
      own.map(({ name }) => name),
    ]),
  ).toEqual([
    ['a', [], ['plain']],
    ['b', ['x', 'y'], ['right', 'none']],
  ]);
});

test("the doctor's report has each finding with its remedy below", () => {
  const finding = { kind: 'finding', fixable: false } as const;
  expect(
    reportText('Hookpoint 1', [
      { ...finding, id: 'node', status: 'ok', message: 'Node 24', remedy: null },
      { ...finding, id: 'docker', status: 'failed', message: 'Docker does not answer.', remedy: 'Start it.' },
    ]),
  ).toBe(`Hookpoint 1
ok       node         Node 24
failed   docker       Docker does not answer.
                      Start it.
`);
});
