import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { highWater } from '../../engine/terminals/flow-window.ts';
import { type ShellSource, Terminal } from '../../engine/terminals/terminal.ts';
import { onLocalTerminal } from '../support/local-terminal.ts';
import { openTerminalWindow } from '../support/terminal-window.ts';

/** A terminal and its windows over a real shell of this machine. */

const open: Terminal[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((terminal) => terminal[Symbol.asyncDispose]()));
});

const bash = onLocalTerminal('bash', '--norc', '--noprofile');
const source = (opening = bash): ShellSource => ({
  open: opening,
  explainEnd: async (end) => ({
    cause: 'exitCode' in end ? 'exited' : 'lost',
    exitCode: 'exitCode' in end ? end.exitCode : null,
    reason: 'over',
  }),
});

async function begin(opening = bash): Promise<Terminal> {
  const place = { id: 't', session: 's', node: 'n' };
  const terminal = new Terminal(place, { columns: 80, rows: 24 }, () => undefined);
  open.push(terminal);
  await terminal.begin(source(opening));
  return terminal;
}

/** `shows` false: a window that hangs, and acknowledges nothing. */
function attach(terminal: Terminal, { shows = true } = {}) {
  const left = new AbortController();
  const acknowledge = shows ? terminal.acknowledge.bind(terminal) : () => undefined;
  return openTerminalWindow(terminal.attach(left.signal), () => left.abort(), { acknowledge });
}

describe('a terminal', () => {
  test('gives a window that comes later the screen and scrollback so far, and what comes then to all', async () => {
    const terminal = await begin();
    await using first = await attach(terminal);
    terminal.write('seq 1 100; echo "do"ne\r');
    await first.shows(/\ndone/);
    await using second = await attach(terminal);
    expect(second.text).toMatch(/\n1\n2\n3\n[\s\S]*\n99\n100\ndone/);
    terminal.write('echo he"re"\r');
    await Promise.all([first.shows(/\nhere/), second.shows(/\nhere/)]);
  });

  test('keeps no more lines than its scrollback', async () => {
    const terminal = await begin();
    await using window = await attach(terminal);
    terminal.write('seq 1 20000; echo "do"ne\r');
    await window.shows(/\ndone/);
    await using late = await attach(terminal);
    const lines = late.text.split('\n').length;
    expect(lines).toBeGreaterThan(4900);
    expect(lines).toBeLessThan(5100);
  });

  test('lets a program wait for a window that shows nothing, and go on when it has left', async () => {
    const terminal = await begin();
    await using window = await attach(terminal);
    const stuck = await attach(terminal, { shows: false });
    terminal.write('seq 1 300000; echo "do"ne\r');
    await window.shows(/\n1000\n/);
    await stuck.shows(/\n1000\n/);
    // What is on its way when the program is stopped comes still: a buffer of a stream, and a page of the terminal.
    const most = highWater + 300_000;
    expect(stuck.received).toBeLessThan(most);
    expect(window.text).not.toMatch(/\ndone/);
    await stuck[Symbol.asyncDispose]();
    await window.shows(/\ndone/);
    expect(stuck.received).toBeLessThan(most);
  });

  test('runs on without a window, and keeps nothing but its screen', async () => {
    const terminal = await begin();
    const before = await attach(terminal);
    await before[Symbol.asyncDispose]();
    const folder = await mkdtemp(join(tmpdir(), 'hookpoint-terminal-'));
    await promisify(execFile)('mkfifo', [join(folder, 'over')]);
    terminal.write(`seq 1 200000; echo "do"ne; echo over >${folder}/over\r`);
    expect(await readFile(join(folder, 'over'), 'utf8')).toBe('over\n');
    await rm(folder, { recursive: true });
    await using later = await attach(terminal);
    const last = await later.shows(/\ndone/);
    expect(last).toContain('200000');
  });

  test('gives characters whole, wherever the pieces were cut', async () => {
    const terminal = await begin();
    await using window = await attach(terminal);
    terminal.write(`printf '\\xe6'; sleep 0.05; printf '\\xbc\\xa2'; printf '字%.0s' {1..20000}; echo "do"ne\r`);
    const text = await window.shows(/\ndone|字done/);
    expect(text).toContain('漢字');
    expect(text).not.toContain('\ufffd');
  });

  test('answers a program that asks where the cursor is, once, however many windows there are', async () => {
    const terminal = await begin();
    await using first = await attach(terminal);
    await using _second = await attach(terminal);
    terminal.write(
      `IFS= read -rs -d R -p $'\\e[6n' place; echo "at \${place#*[}"; read -rt 0.3 -n 1 more; echo "more:$more."\r`,
    );
    const text = await first.shows(/more:.*\.\n/);
    expect(text).toMatch(/at \d+;\d+/);
    expect(text).toMatch(/more:\./);
  });

  test('has the size that a window said last, and the others hear of it', async () => {
    const terminal = await begin();
    await using first = await attach(terminal);
    await using second = await attach(terminal);
    terminal.resize(first.attachment, { columns: 101, rows: 31 });
    expect(await second.has('resized')).toEqual({ kind: 'resized', columns: 101, rows: 31 });
    terminal.write('stty size\r');
    await first.shows(/31 101/);
    expect(first.events.map(({ kind }) => kind)).toEqual(['attached']);
    await using third = await attach(terminal);
    expect(third.events[0]).toMatchObject({ columns: 101, rows: 31 });
  });

  test('tells its end and stays readable; a new shell begins below, and two who ask get one', async () => {
    const terminal = await begin();
    await using window = await attach(terminal);
    terminal.write('echo "la"st; exit 7\r');
    expect(await window.has('ended')).toEqual({ kind: 'ended', cause: 'exited', exitCode: 7, reason: 'over' });
    expect(window.text).toContain('\nlast');
    expect(terminal.summary.ended).toMatchObject({ exitCode: 7 });
    let opened = 0;
    const counted = source((options) => {
      opened++;
      return bash(options);
    });
    await Promise.all([terminal.begin(counted), terminal.begin(counted)]);
    await terminal.begin(counted);
    expect(opened).toBe(1);
    await window.has('begun');
    terminal.write('echo aga"in"\r');
    await window.shows(/\nlast[\s\S]*\nagain/);
    expect(terminal.summary.ended).toBeNull();
  });
});
