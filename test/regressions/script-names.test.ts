import { expect, test } from 'vitest';
import { type RunningLab, runSteps } from '../../engine/packs/index.ts';

/** A lab in which every script ends with this. */
const lab = (outcome: { exitCode: number; timedOut: boolean }) =>
  ({ run: async () => ({ ...outcome, stdout: '', stderr: '' }) }) as unknown as RunningLab;

test('a script of several lines is called by its first command, and how many follow', async () => {
  const run = '#!/bin/bash\n# my work\niptables -P INPUT DROP\n\niptables -A INPUT -i lo -j ACCEPT\n';
  const { scripts, exits } = await runSteps(lab({ exitCode: 1, timedOut: false }), [{ run, node: 'host' }]);
  expect(scripts[0]?.script).toBe('iptables -P INPUT DROP (and 1 more line)');
  expect(exits[0]).toContain("'iptables -P INPUT DROP (and 1 more line)' on host exited 1");
  const one = await runSteps(lab({ exitCode: 0, timedOut: false }), [{ run: 'true\n', node: 'host' }]);
  expect(one.scripts[0]?.script).toBe('true');
});

test('a script that stands alone is no step 1', async () => {
  const hanging = lab({ exitCode: 137, timedOut: true });
  const script = { run: 'sleep 1000', node: 'host' };
  expect((await runSteps(hanging, [script])).failures).toEqual([
    "'sleep 1000' on host did not end in its time and was stopped",
  ]);
  expect((await runSteps(hanging, [script, script])).failures[0]).toMatch(/^step 1: /);
});
