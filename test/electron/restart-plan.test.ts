import { expect, test } from 'vitest';
import { RestartPlan } from '../../electron/main/restart-plan.ts';

test('each end in a row waits longer, until somebody has to be asked', () => {
  const plan = new RestartPlan();
  const waits = [0, 1, 2, 3, 4, 5].map((second) => plan.afterEnd(second * 10_000));
  expect(waits).toEqual([250, 1000, 2000, 4000, 8000, null]);
  plan.forget();
  expect(plan.afterEnd(60_000)).toBe(250);
});

test('a process that ran well for a while is started again at once', () => {
  const plan = new RestartPlan();
  plan.afterEnd(0);
  plan.afterEnd(1000);
  expect(plan.afterEnd(3_600_000)).toBe(250);
});
