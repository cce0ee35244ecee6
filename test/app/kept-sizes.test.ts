import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeptSizes } from '../../app/ui/kept-sizes.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a drag is kept once, where it ends, however long it takes', () => {
  const kept: number[][] = [];
  const sizes = new KeptSizes<number[]>((now) => kept.push(now));
  sizes.drag(true);
  for (const left of [30, 35, 40]) {
    sizes.move([left, 100 - left]);
    vi.advanceTimersByTime(10_000);
  }
  expect(kept).toEqual([]);
  sizes.drag(false);
  vi.advanceTimersByTime(10_000);
  expect(kept).toEqual([[40, 60]]);
});

test('keys are kept when they rest, and at once where the panes go away', () => {
  const kept: number[][] = [];
  const sizes = new KeptSizes<number[]>((now) => kept.push(now));
  sizes.move([30, 70]);
  sizes.move([35, 65]);
  expect(kept).toEqual([]);
  vi.advanceTimersByTime(1000);
  sizes.move([40, 60]);
  sizes.settle();
  sizes.settle();
  expect(kept).toEqual([
    [35, 65],
    [40, 60],
  ]);
});
