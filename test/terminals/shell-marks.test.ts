import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CommandFollower, ShellCommandReader } from '../../engine/terminals/shell-commands.ts';
import { type ShellMark, ShellMarkReader } from '../../engine/terminals/shell-marks.ts';

function readAll(chunks: readonly string[]) {
  const marks: ShellMark[] = [];
  const reader = new ShellMarkReader((mark) => marks.push(mark));
  const shown = chunks.map((chunk) => reader.read(chunk)).join('') + reader.end();
  return { shown, marks };
}

const session =
  'a\x1b]633;A\x07\x1b[1mroot@host\x1b[0m# \x1b]633;B\x07ls\r\n\x1b]633;E;ls\\x3b echo a\\\\b\x07\x1b]633;C\x1b\\out\x1b]633;D;2\x07\x1b]0;title\x07z';

describe('marks of a shell', () => {
  test('are read and not shown; other sequences are', () => {
    expect(readAll([session])).toEqual({
      shown: 'a\x1b[1mroot@host\x1b[0m# ls\r\nout\x1b]0;title\x07z',
      marks: [
        { kind: 'prompt' },
        { kind: 'input' },
        { kind: 'command', text: 'ls; echo a\\b' },
        { kind: 'executed' },
        { kind: 'finished', exitCode: 2 },
      ],
    });
  });

  test('are the same however the output is cut', () => {
    const whole = readAll([session]);
    fc.assert(
      fc.property(fc.array(fc.nat(session.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), session.length];
        const chunks = at.slice(1).map((to, index) => session.slice(at[index], to));
        expect(readAll(chunks)).toEqual(whole);
      }),
    );
    expect(readAll([...session])).toEqual(whole);
  });

  test('of OSC 133 are read too, but for its commands', () => {
    expect(readAll(['\x1b]133;A\x07$ \x1b]133;C\x07\x1b]133;D;130;aid=1\x1b\\']).marks).toEqual([
      { kind: 'prompt' },
      { kind: 'executed' },
      { kind: 'finished', exitCode: 130 },
    ]);
  });

  test('that do not end are dropped until they do, and keep no more than the longest that is read', () => {
    const marks: ShellMark[] = [];
    const reader = new ShellMarkReader((mark) => marks.push(mark));
    let shown = reader.read('before\x1b]633;E;');
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 64; index += 1) shown += reader.read('x'.repeat(1 << 20));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
    shown += reader.read('y\x07after\x1b]633;A\x07');
    expect(shown).toBe('beforeafter');
    expect(marks).toEqual([{ kind: 'prompt' }]);
  });

  test('that another sequence or CAN breaks off are none', () => {
    expect(readAll(['\x1b]633;C\x1b[31mred\x1b]633;C\x18more'])).toEqual({ shown: '\x1b[31mredmore', marks: [] });
  });

  test('an escape at the end is shown when nothing more comes', () => {
    expect(readAll(['text\x1b']).shown).toBe('text\x1b');
    expect(readAll(['text\x1b]63']).shown).toBe('text\x1b]63');
  });

  test('any output without marks passes as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[\x1b\]a63;[\x07\\]{0,8}$/)), (chunks) => {
        const text = chunks.join('');
        fc.pre(!/\x1b\][61]33;/.test(text));
        expect(readAll(chunks).shown).toBe(text);
      }),
    );
  });
});

type Told = readonly [string, ...unknown[]];

function commandsOf(chunks: readonly string[], now = 1000): Told[] {
  const told: Told[] = [];
  const follower: CommandFollower = {
    begun: (command) => told.push(['begun', command]),
    ended: (end) => told.push(['ended', end]),
  };
  const reader = new ShellCommandReader(follower, () => now);
  for (const chunk of chunks) reader.read(chunk);
  reader.end();
  return told;
}

describe('commands of a shell', () => {
  test("have the shell's own times where they are believable", () => {
    const told = commandsOf([
      '\x1b]633;P;Host=router\x07\x1b]633;E;iptables -L\x07\x1b]633;P;Time=999.25\x07\x1b]633;C\x07',
      '\x1b]633;P;Time=12,5\x07\x1b]633;D;1\x07\x1b]633;A\x07',
    ]);
    expect(told).toEqual([
      ['begun', { text: 'iptables -L', host: 'router', begun: 999.25 }],
      ['ended', { time: 1000, exitCode: 1 }],
    ]);
  });

  test('that were pasted together end one by one, and the last with its shell', () => {
    const told = commandsOf(['\x1b]633;E;one\x07\x1b]633;C\x07\x1b]633;E;two\x07\x1b]633;C\x07']);
    expect(told.map(([kind, what]) => [kind, (what as { text?: string }).text])).toEqual([
      ['begun', 'one'],
      ['ended', undefined],
      ['begun', 'two'],
      ['ended', undefined],
    ]);
  });

  test('have no text where the shell tells none, and an end without a beginning is nothing', () => {
    expect(commandsOf(['\x1b]633;D;0\x07\x1b]633;A\x07'])).toEqual([]);
    expect(commandsOf(['\x1b]633;E;\x07\x1b]633;C\x07\x1b]633;D;0\x07'])).toEqual([
      ['begun', { text: null, host: null, begun: 1000 }],
      ['ended', { time: 1000, exitCode: 0 }],
    ]);
  });

  test('are cut, and what would move the cursor is taken out', () => {
    const [begun] = commandsOf([`\x1b]633;E;a\\x1b[31mb\\x0ac${'x'.repeat(9000)}\x07\x1b]633;C\x07`]);
    const text = String((begun as [string, { text: string }])[1].text);
    expect(text.startsWith('a[31mb\ncx')).toBe(true);
    expect(text).toHaveLength(4096);
  });
});
