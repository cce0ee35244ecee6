import { expect, test } from 'vitest';
import { FlowWindow, highWater, lowWater } from '../../engine/terminals/flow-window.ts';

test('a reader is behind from the high mark on, until it has caught up to the low one', () => {
  const flow = new FlowWindow();
  flow.sent(highWater);
  expect(flow.behind).toBe(false);
  flow.sent(1);
  expect(flow.behind).toBe(true);
  flow.shown(highWater - lowWater);
  expect(flow.behind).toBe(true);
  flow.shown(2);
  expect(flow.behind).toBe(false);
});

test('a reader that claims to have shown more than it was sent has no credit for later', () => {
  const flow = new FlowWindow();
  flow.sent(10);
  flow.shown(1_000_000_000);
  flow.sent(highWater + 1);
  expect(flow.behind).toBe(true);
});
