import { expect, test } from 'vitest';
import type { Report, Verdict } from '../../engine/contract/report.ts';
import { type LabRunner, loadPack, testPack } from '../../engine/packs/index.ts';
import { packTestToJUnit } from '../../engine/packs/test-junit.ts';
import { edited, writePack } from './sample-pack.ts';

/** A lab that is not real: a criterion passes when its script was run or its answer given. What it grades is testPack alone. */
function paperLab(): { runner: LabRunner; most: () => number; open: () => number } {
  let open = 0;
  let most = 0;
  const runner: LabRunner = {
    start: async (lab) => {
      open++;
      most = Math.max(most, open);
      const done = new Set<string>();
      return {
        run: async (_, script) => {
          if (script.includes('-j DROP')) done.add('blocked');
          return { exitCode: 0, stdout: '', stderr: '', timedOut: false };
        },
        answer: async (_, value) =>
          void (value.toUpperCase() === 'ACCEPT' ? done.add('policy') : done.delete('policy')),
        check: async () =>
          reportOf(
            lab.id,
            lab.criteria.map(({ id }) => [id, done.has(id) ? 'passed' : 'failed']),
          ),
        restart: async () => done.clear(),
        stop: async () => void open--,
      };
    },
  };
  return { runner, most: () => most, open: () => open };
}

function reportOf(lab: string, verdicts: [string, Verdict][]): Report {
  const criteria = verdicts.map(([id, verdict]) => ({ id, title: id, verdict, points: 0, possible: 1, checks: [] }));
  return { session: 's', lab, score: 0, possible: 1, undecided: 0, passed: false, criteria };
}

test('every solution and mistake is run, two at once, and all labs are stopped', async () => {
  await using pack = await writePack();
  const paper = paperLab();
  const result = await testPack(await loadPack(pack.folder), paper.runner);
  expect(result.cases.map(({ kind, name, outcome }) => `${kind} ${name} ${outcome}`)).toEqual([
    'solution append passed',
    'solution insert passed',
    'mistake nothing passed',
  ]);
  expect(result).toMatchObject({ passed: true, withoutMistake: [], fewSolutions: [] });
  expect([paper.most(), paper.open()]).toEqual([2, 0]);
});

test('a solution that does not pass, and a mistake that does, are named with the criterion', async () => {
  await using pack = await writePack({
    ...edited('first/solutions/append.yaml', 'value: ACCEPT', 'value: DROP'),
    ...edited('first/mistakes/nothing.yaml', 'steps: []', 'steps: [{ answer: policy, value: ACCEPT }]'),
  });
  const result = await testPack(await loadPack(pack.folder), paperLab().runner);
  expect(result.passed).toBe(false);
  expect(result.cases.map(({ messages }) => messages)).toEqual([
    [expect.stringMatching(/^policy is failed/)],
    [],
    ['policy passed, declared to fail'],
  ]);
  expect(packTestToJUnit(result)).toMatch(/<testsuite name="sample\/first" tests="3" failures="2" errors="0"/);
});

test('a criterion that no mistake makes fail is named, and the pack does not pass', async () => {
  await using pack = await writePack(
    edited(
      'first/mistakes/nothing.yaml',
      'fails: [policy, blocked]\nsteps: []',
      'fails: [blocked]\nsteps: [{ answer: policy, value: ACCEPT }]',
    ),
  );
  const result = await testPack(await loadPack(pack.folder), paperLab().runner);
  expect(result).toMatchObject({ passed: false, withoutMistake: ['first/policy'] });
});
