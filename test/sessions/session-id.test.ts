import { expect, test } from 'vitest';
import { matchId, newSessionId } from '../../engine/sessions/session-id.ts';

const ids = ['redirect-7k2f', 'redirect-7m3g', 'counters-9x4c'];

test('a session is named by its id, by what begins it, and by its last part', () => {
  expect(matchId('redirect-7k2f', ids)).toBe('redirect-7k2f');
  expect(matchId('count', ids)).toBe('counters-9x4c');
  expect(matchId('7k', ids)).toBe('redirect-7k2f');
});

test('what begins several, and what begins none, names what there is', () => {
  expect(() => matchId('redirect', ids)).toThrow(/more than one session: redirect-7k2f, redirect-7m3g/);
  expect(() => matchId('', ids)).toThrow(/no session ""/);
  expect(() => matchId('nat', [])).toThrow(/no session "nat"/);
});

test('a new id is readable and not taken', () => {
  const taken = new Set<string>();
  for (let count = 0; count < 500; count += 1) {
    const id = newSessionId('redirect', (one) => taken.has(one));
    expect(id).toMatch(/^redirect-[2-9b-z]{4,}$/);
    expect(taken.has(id)).toBe(false);
    taken.add(id);
  }
});
