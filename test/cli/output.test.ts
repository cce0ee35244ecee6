import { expect, test } from 'vitest';
import { table } from '../../cli/output/table.ts';
import { paragraphs, plain, wrap, wrapLines } from '../../cli/output/text.ts';

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

test('a line that is too long goes on below, further in', () => {
  expect(wrapLines('ok\n    found: a b c', 14)).toBe('ok\n    found: a b\n      c');
});

test('columns inside a line keep their spaces', () => {
  expect(wrapLines('a    b', 80)).toBe('a    b');
  expect(wrapLines('a    b c', 7)).toBe('a    b\n  c');
});

test('a paragraph is put on one line', () => {
  expect(paragraphs('one\ntwo\n\nthree\n')).toBe('one two\n\nthree');
});

test("a learner's text cannot move the cursor", () => {
  expect(plain('a\u001b[2Jb\u0007\u0090\u007fc\nd')).toBe('abc\nd');
});
