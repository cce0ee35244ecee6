import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { lintPack } from '../../engine/packs/index.ts';

test('the whole lab in docs/teaching.md is sound as it stands there', async () => {
  const text = await readFile(join(import.meta.dirname, '../../docs/teaching.md'), 'utf8');
  const part = text.slice(text.indexOf('## A whole small lab'));
  const files = [
    ...part.matchAll(
      /^`([\w/-]+\.(?:yaml|md))`[^\n]*\n(?:[^\n`][^\n]*\n|`[a-z][^\n]*\n)*\n(`{3,})\w+\n([\s\S]*?)\n\2$/gm,
    ),
  ];
  expect(files.map(([, path]) => path)).toContain('open/guide.md');
  const folder = await mkdtemp(join(tmpdir(), 'hookpoint-small-'));
  try {
    for (const [, path = '', , content] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), `${content}\n`);
    }
    expect(await lintPack(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
