import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fitToDisplays, readWindowState, writeWindowState } from '../../electron/main/window-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'hookpoint-window-'));
afterAll(() => rmSync(folder, { recursive: true }));

const laptop = { x: 0, y: 25, width: 1440, height: 875 };
const beside = { x: 1440, y: 0, width: 1920, height: 1080 };

test('what is written is read again', () => {
  const file = join(folder, 'deep/window.json');
  const state = { x: 10, y: 20, width: 1000, height: 700, maximised: true };
  writeWindowState(file, state);
  expect(readWindowState(file)).toEqual(state);
});

test.each(['', '{', 'null', '[]', '{"width":"wide","height":1,"maximised":false}', '{"width":900,"height":600}'])(
  'a file with %j is as good as none',
  (content) => {
    const file = join(folder, 'bad.json');
    writeFileSync(file, content);
    expect(readWindowState(file)).toEqual({ width: 1280, height: 800, maximised: false });
  },
);

test('a window stays where it was while its display is there', () => {
  const state = { x: 1500, y: 50, width: 1200, height: 800, maximised: false };
  expect(fitToDisplays(state, [laptop, beside])).toEqual(state);
});

test('a window whose display is gone comes back with its size, where the system puts it', () => {
  const state = { x: 1500, y: 50, width: 1200, height: 800, maximised: true };
  expect(fitToDisplays(state, [laptop])).toEqual({ width: 1200, height: 800, maximised: true });
});

test('a window that hangs over the edge or is larger than its display is brought inside', () => {
  expect(fitToDisplays({ x: 900, y: 500, width: 1000, height: 700, maximised: false }, [laptop])).toEqual({
    x: 440,
    y: 200,
    width: 1000,
    height: 700,
    maximised: false,
  });
  expect(fitToDisplays({ x: -50, y: -50, width: 4000, height: 3000, maximised: false }, [laptop])).toEqual({
    ...laptop,
    maximised: false,
  });
});

test('nothing is smaller than what can be used', () => {
  expect(fitToDisplays({ width: 10, height: 10, maximised: false }, [laptop])).toEqual({
    width: 720,
    height: 480,
    maximised: false,
  });
});
