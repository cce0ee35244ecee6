import { expect, test } from 'vitest';
import { commandName } from '../../cli/command-name.ts';
import { table } from '../../cli/output/table.ts';
import { paragraphs, plain, visibleLength, wrap } from '../../cli/output/text.ts';

test('a table aligns its columns, colours not counted', () => {
  expect(
    table([
      ['a', 'b'],
      ['\u001b[31mlong\u001b[39m', 'c'],
    ]),
  ).toBe('a     b\n\u001b[31mlong\u001b[39m  c');
});

test('text is broken at spaces, and what is longer than a line stays whole', () => {
  expect(wrap('one two threefourfive six', 8, '  ', '- ')).toBe('- one\n  two\n  threefourfive\n  six');
});

test('a paragraph is put on one line', () => {
  expect(paragraphs('one\ntwo\n\nthree\n')).toBe('one two\n\nthree');
});

test("a learner's text cannot move the cursor", () => {
  expect(plain('a\u001b[2Jb\u0007\u0090\u007fc\nd')).toBe('abc\nd');
});

test('what to type next is what was typed: npx in a clone', () => {
  expect(commandName({ npm_command: 'exec' })).toBe('npx hookpoint');
  expect(commandName({})).toBe('hookpoint');
});

test('a table is cut in its last cell, also behind coloured ones', () => {
  const row = ['\u001b[1mmasquerade-7k2f\u001b[22m', 'running', 'client, router, server'];
  const shown = table([row], { width: 40 });
  expect(shown).toBe('\u001b[1mmasquerade-7k2f\u001b[22m  running  client, route…');
  expect(visibleLength(shown)).toBe(40);
});
