import { expect, test } from 'vitest';
import { mostBytes } from '../../engine/sessions/checkpoints/checkpoint-file.ts';
import { droppedFor } from '../../engine/sessions/checkpoints/save.ts';
import type { CheckpointReason, CheckpointRow } from '../../engine/sessions/store.ts';

const session = { id: 'one-2222' };
const row = (id: number, reason: CheckpointReason | null, bytes = 1000): CheckpointRow => ({
  id,
  session: session.id,
  name: `c-${id}`,
  time: id,
  bytes,
  digest: '',
  reason,
  leftOut: {},
});

test('the oldest that nobody asked for goes when there would be six, never one with a name', () => {
  const known = [row(1, null), row(2, 'time'), row(3, 'stop'), row(4, 'time'), row(5, 'restore'), row(6, 'time')];
  expect(droppedFor(known, session, { reason: 'time', bytes: 10 })).toEqual([2]);
  expect(droppedFor(known, session, { reason: null, bytes: 10 })).toEqual([]);
  expect(droppedFor(known.slice(0, 4), session, { reason: 'time', bytes: 10 })).toEqual([]);
});

test('the one that is about to be brought back stays', () => {
  const known = [row(2, 'time'), row(3, 'stop'), row(4, 'time'), row(5, 'restore'), row(6, 'time')];
  expect(droppedFor(known, session, { reason: 'restore', bytes: 10, keep: known[0] })).toEqual([3]);
});

test('size counts as well, and those with a name are not dropped for it', () => {
  const half = mostBytes / 2;
  const known = [row(1, null, half), row(2, 'time', half)];
  expect(droppedFor(known, session, { reason: 'time', bytes: half })).toEqual([2]);
  expect(() => droppedFor(known, session, { reason: null, bytes: half + 1 })).toThrow(
    expect.objectContaining({ code: 'LIMIT_REACHED' }),
  );
});
