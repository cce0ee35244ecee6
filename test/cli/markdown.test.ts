import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { markdownText } from '../../cli/output/markdown.ts';

const shown = (markdown: string, width = 30) =>
  markdownText(markdown, { colours: picocolors.createColors(false), width });

test('text is filled to the width whatever lines it had in the file', () => {
  expect(shown('One two three\nfour five six seven eight nine.')).toBe(
    'One two three four five six\nseven eight nine.',
  );
});

test('code begins in the first column, is never broken and says its node', () => {
  const code = 'cat <<E\niptables -t nat -A OUTPUT -p tcp --dport 8888\n\n  x\nE';
  expect(shown(`Look:\n\n\`\`\`sh node=host\n${code}\n\`\`\``)).toBe(`Look:\n\non host:\n${code}`);
});

test('the packet flow is drawn, with the hooks marked that the guide names', () => {
  const flow = '```packet-flow\nOUTPUT\n```';
  const lines = shown(flow).split('\n');
  expect([lines[0], lines.at(-1)]).toEqual(['arrives', 'leaves']);
  expect(lines).toContain('OUTPUT  raw, mangle, nat, filter                 |');
  const coloured = markdownText(flow, { colours: picocolors.createColors(true), width: 80 }).split('\n');
  const marked = coloured.filter((line) => line.includes('\u001b['));
  expect(marked.map((line) => line.includes('OUTPUT'))).toEqual([true]);
});

test('a command in a sentence stays on one line', () => {
  expect(shown('Then type `iptables -L INPUT -v -n` there.')).toBe('Then type\n`iptables -L INPUT -v -n`\nthere.');
});

test('lists, tables, quotes and links', () => {
  expect(shown('1. one\n2. two that is longer than a line\n   - below')).toBe(
    '1. one\n2. two that is longer than a\n   line\n   - below',
  );
  expect(shown('| a | b |\n|---|---|\n| long cell | x |')).toBe('a          b\nlong cell  x');
  expect(shown('> said **so**')).toBe('  said so');
  expect(shown('[netfilter](https://netfilter.org)', 40)).toBe('netfilter (https://netfilter.org)');
});

test('a guide cannot move the cursor', () => {
  expect(shown('a\u001b[2Jb')).toBe('ab');
});
