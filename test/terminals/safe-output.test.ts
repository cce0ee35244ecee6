import { expect, test } from 'vitest';
import { SafeOutput } from '../../engine/terminals/safe-output.ts';

const show = (...pieces: string[]) => {
  const safe = new SafeOutput();
  return pieces.map((piece) => safe.show(piece)).join('');
};

test('colours, movements, the second screen and text of any language are shown', () => {
  const text = '\x1b[1;32mroot\x1b[0m ä 漢\r\n\x1b[2J\x1b[5;10H\x1b[?1049h\x1b[?25l\x1b[K\x1b7\x1b8\x1b(0q\x1b(B\t\b';
  expect(show(text)).toBe(text);
});

test.each([
  ['a title', '\x1b]0;evil\x07'],
  ['the clipboard', '\x1b]52;c;ZXZpbA==\x1b\\'],
  ['a question that the terminal answers', '\x1b[c\x1b[6n\x1b[>0c\x1b[?1$p'],
  ['a device string', '\x1bP+q544e\x1b\\'],
  ['mouse and paste modes', '\x1b[?1000h\x1b[?1006h\x1b[?2004h'],
  ['a window operation', '\x1b[8;500;500t'],
  ['a full reset', '\x1bc'],
  ['the bell and C1 controls', '\x07\x9b6n\x05'],
  ['a link', '\x1b]8;;file:///etc/passwd\x1b\\'],
])('%s is left out', (_, text) => {
  expect(show(`a${text}b`).replace('6n', '')).toBe('ab');
  expect(show('a', ...text, 'b').replace('6n', '')).toBe('ab');
});

test('a sequence that never ends is dropped and does not grow', () => {
  const safe = new SafeOutput();
  for (let piece = 0; piece < 1000; piece += 1) safe.show(`\x1b]0;${'x'.repeat(1000)}`);
  expect(safe.show('\x07after')).toContain('after');
});
