import { expect, test } from 'vitest';
import { toJUnit } from '../../engine/grading/junit.ts';
import { type RunningLab, runSteps } from '../../engine/packs/index.ts';

const unused = () => {
  throw new Error('no step asks for this');
};

/** A node whose scripts say much and fail. */
const lab: RunningLab = {
  run: async () => ({
    exitCode: 4,
    stdout: Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n'),
    stderr: `${'x'.repeat(5000)}\niptables: Bad rule\n`,
    timedOut: false,
  }),
  answer: unused,
  check: unused,
  restart: unused,
  stop: unused,
};

test('a script is kept with its status, its time and the ends of what it printed, and JUnit tells them', async () => {
  const { scripts, failures } = await runSteps(lab, [{ node: 'host', run: 'iptables -X' }]);
  expect(failures).toEqual([]);
  expect(scripts).toMatchObject([{ node: 'host', script: 'iptables -X', exitCode: 4, timedOut: false }]);
  const [script] = scripts;
  expect(script?.stdout.split('\n')).toHaveLength(20);
  expect(script?.stdout).toMatch(/line 99$/);
  expect(script?.stderr).toHaveLength(2000);
  expect(script?.stderr).toMatch(/\niptables: Bad rule$/);

  const of = { file: 'a.sh', seed: 7, pack: 'tiny', packVersion: '1.0.0', seconds: 2 };
  const xml = toJUnit({
    session: 's',
    lab: 'tiny/one',
    score: 0,
    possible: 0,
    undecided: 0,
    passed: true,
    criteria: [],
    work: { ...of, scripts: [...scripts], failures: ['step 2: no'] },
  });
  expect(xml).toContain('<property name="seed" value="7"/>');
  expect(xml).toContain('<property name="pack-version" value="1.0.0"/>');
  expect(xml).toContain('<property name="script-1-exitCode" value="4"/>');
  expect(xml).toMatch(/<system-err>x+\niptables: Bad rule<\/system-err>/);
  expect(xml).toContain('<property name="failure" value="step 2: no"/>');
});
