import { expect, test } from 'vitest';
import { Changes } from '../../engine/host/changes.ts';
import { SharedPoll } from '../../engine/host/shared-poll.ts';

/** Something to read that counts its readings; a change makes the poll read at once. */
function setting() {
  const changes = new Changes();
  const poll = new SharedPoll<string>(changes);
  const state = { value: 'first', readings: 0, opened: 0, failure: null as Error | null };
  const open = () => {
    state.opened++;
    let last = '';
    return async () => {
      state.readings++;
      if (state.failure) throw state.failure;
      const { value } = state;
      if (value === last) return null;
      last = value;
      return value;
    };
  };
  const become = (value: string) => {
    state.value = value;
    changes.fire();
  };
  return { changes, state, become, watch: (signal?: AbortSignal) => poll.watch('key', signal, open) };
}

test('all who watch share one reading, and each has every value', async () => {
  const { state, become, watch } = setting();
  const [one, other] = [watch(), watch()];
  expect([await one.next(), await other.next()].map(({ value }) => value)).toEqual(['first', 'first']);
  const next = [one.next(), other.next()];
  become('second');
  expect((await Promise.all(next)).map(({ value }) => value)).toEqual(['second', 'second']);
  expect(state).toMatchObject({ opened: 1, readings: 2 });
  await Promise.all([one.return(), other.return()]);
});

test('who comes later has the value at once, without another reading', async () => {
  const { state, watch } = setting();
  const one = watch();
  await one.next();
  const other = watch();
  expect((await other.next()).value).toBe('first');
  expect(state.readings).toBe(1);
  await Promise.all([one.return(), other.return()]);
});

test('one who leaves while others wait does not keep the host busy', async () => {
  const { become, watch } = setting();
  const left = new AbortController();
  const [one, other] = [watch(left.signal), watch()];
  await Promise.all([one.next(), other.next()]);
  const waiting = [one.next(), other.next()] as const;
  left.abort();
  expect((await waiting[0]).done).toBe(true);
  // The other one waits for news: timers still come.
  await new Promise((resolve) => setTimeout(resolve, 0));
  become('second');
  expect((await waiting[1]).value).toBe('second');
  await other.return();
});

test('nothing is read when nobody watches any more', async () => {
  const { state, become, watch } = setting();
  const one = watch();
  await one.next();
  await one.return();
  become('second');
  const again = watch();
  expect((await again.next()).value).toBe('second');
  expect(state).toMatchObject({ opened: 2, readings: 2 });
  await again.return();
});

test('an aborted signal ends the stream while it waits', async () => {
  const { watch } = setting();
  const left = new AbortController();
  const one = watch(left.signal);
  await one.next();
  const waiting = one.next();
  left.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

test('a failure reaches all who watch, and who comes again begins anew', async () => {
  const { state, become, watch } = setting();
  const [one, other] = [watch(), watch()];
  await Promise.all([one.next(), other.next()]);
  const next = [one.next(), other.next()];
  state.failure = new Error('away');
  become('second');
  for (const each of next) await expect(each).rejects.toThrow('away');
  state.failure = null;
  const again = watch();
  expect((await again.next()).value).toBe('second');
  await again.return();
});
