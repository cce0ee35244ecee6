import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findHome, type Home } from '../../../engine/sessions/home.ts';
import { removeRecord, terminalsFolder } from '../../../engine/sessions/record/record-folder.ts';
import { recordTerminal } from '../../../engine/sessions/record/terminal-record.ts';
import { parseCast } from '../../../engine/terminals/asciicast.ts';

let home: Home;
beforeEach(() => {
  home = findHome({ HOOKPOINT_HOME: mkdtempSync(join(tmpdir(), 'hookpoint-record-')) });
});
afterEach(() => rmSync(home.folder, { recursive: true, force: true }));

const place = { session: 'redirect-abcd', node: 'host', size: { columns: 80, rows: 24 } };
const read = (name = 'host-1.cast') =>
  parseCast(readFileSync(join(terminalsFolder(home, place.session), name), 'utf8'));

test('what a terminal shows is kept as asciicast v2, for its owner alone', async () => {
  const recording = recordTerminal(home, place);
  recording.output('\x1b[1mhost\x1b[0m:~# ls\r\n');
  recording.resize({ columns: 100, rows: 30 });
  recording.output('Grüße\u2028\r\n');
  recording.end();
  await vi.waitFor(() =>
    expect(read()?.events.map(([, code, data]) => [code, data])).toEqual([
      ['o', '\x1b[1mhost\x1b[0m:~# ls\r\n'],
      ['r', '100x30'],
      ['o', 'Grüße\u2028\r\n'],
    ]),
  );
  expect(read()?.header).toMatchObject({ version: 2, width: 80, height: 24, title: 'host' });
  const file = join(terminalsFolder(home, place.session), 'host-1.cast');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(terminalsFolder(home, place.session)).mode & 0o777).toBe(0o700);
});

test('each terminal of a node has a file of its own, with its header at once', () => {
  recordTerminal(home, place);
  recordTerminal(home, place);
  recordTerminal(home, { ...place, node: 'client' });
  expect(readdirSync(terminalsFolder(home, place.session)).sort()).toEqual([
    'client-1.cast',
    'host-1.cast',
    'host-2.cast',
  ]);
  expect(read('host-2.cast')?.events).toEqual([]);
});

test('a flood is left out with a remark, and costs no more than what is kept', async () => {
  const recording = recordTerminal(home, place);
  const chunk = 'y\r\n'.repeat(5000);
  for (let sent = 0; sent < 50 << 20; sent += chunk.length) recording.output(chunk);
  recording.end();
  await vi.waitFor(() =>
    expect(read()?.events.some(([, code, data]) => code === 'm' && data.endsWith('left out'))).toBe(true),
  );
  expect(statSync(join(terminalsFolder(home, place.session), 'host-1.cast')).size).toBeLessThan(1 << 20);
});

test('a recording whose last line was cut is read up to there; a text without a header is none', () => {
  const text = '{"version":2,"width":80,"height":24}\n[0.1, "o", "a"]\n[0.2, "i", "secret"]\n[0.3, "o", "b';
  expect(parseCast(text)?.events).toEqual([[0.1, 'o', 'a']]);
  expect(parseCast('{"version":2,"width":99999999,"height":24}\n')).toBeNull();
  expect(parseCast('\0\0\0')).toBeNull();
});

test('a terminal goes on where its recording cannot be written, and a removed file does not come back', async () => {
  const recording = recordTerminal(home, place);
  removeRecord(home, place.session);
  recording.output('more\r\n');
  recording.end();
  const other = findHome({ HOOKPOINT_HOME: join(home.folder, 'file') });
  expect(() => recordTerminal(other, place).output('x')).not.toThrow();
  chmodSync(home.folder, 0o700);
  expect(readdirSync(home.folder)).not.toContain('file');
});
