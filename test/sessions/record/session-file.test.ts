import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, expect, test } from 'vitest';
import { type ArchiveEntry, archiveOf } from '../../../engine/packs/index.ts';
import { readSessionFile } from '../../../engine/sessions/record/session-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'hookpoint-session-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'one.hookpoint-session');

const manifest = { format: 1, pack: 'netfilter', digest: null, lab: 'redirect', seed: 1, engine: '1.0.0' };
const entry = (path: string, content: unknown): ArchiveEntry => ({
  path,
  content: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
});
const whole = (changes: Record<string, unknown> = {}) =>
  Object.entries({
    'manifest.json': manifest,
    'timeline.ndjson': '{"t":1,"kind":"recorder","version":1}\n',
    'answers.json': [],
    ...changes,
  }).flatMap(([path, content]) => (content === undefined ? [] : [entry(path, content)]));

async function reading(entries: readonly ArchiveEntry[]) {
  writeFileSync(file, await archiveOf(entries, 3));
  return await readSessionFile(file);
}

test('a session file is read with what it holds', async () => {
  const cast = '{"version":2,"width":80,"height":24}\n[0.1,"o","hi"]\n';
  expect(await reading(whole({ 'terminals/host-1.cast': cast }))).toMatchObject({
    manifest,
    records: [{ kind: 'recorder' }],
    terminals: [{ name: 'host-1', cast: { events: [[0.1, 'o', 'hi']] } }],
  });
});

test.each([
  ['no manifest', { 'manifest.json': undefined }, /no manifest\.json/],
  ['a manifest of another format', { 'manifest.json': { ...manifest, format: 2 } }, /format/],
  ['a pack that is a path', { 'manifest.json': { ...manifest, pack: '../../etc' } }, /pack/],
  ['a manifest that is no JSON', { 'manifest.json': '{' }, /no manifest\.json/],
  ['no timeline', { 'timeline.ndjson': undefined }, /no timeline\.ndjson/],
  ['a record of the wrong shape', { 'timeline.ndjson': '{"t":1,"kind":"generation","node":5}\n' }, /record 1/],
  ['answers that are none', { 'answers.json': [{ question: 1 }] }, /answers\.json/],
  ['verdicts that are none', { 'verdicts.json': 'all passed' }, /verdicts\.json/],
  ['a terminal that is none', { 'terminals/host-1.cast': 'no header' }, /no recording of a terminal/],
  ['a path that leads out', { '../evil.cast': 'x' }, /not taken/],
  ['a file that is none of its own', { 'terminals/run.sh': 'x' }, /not taken/],
])('%s is refused', async (_, changes, message) => {
  await expect(reading(whole(changes))).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringMatching(message),
  });
});

test('a link, a bomb, a second file of a name, what is no archive and what is not there are refused', async () => {
  const tar = pack();
  const bytes = buffer(tar);
  tar.entry({ name: 'manifest.json', type: 'symlink', linkname: '/etc/passwd' });
  tar.finalize();
  writeFileSync(file, zstdCompressSync(await bytes));
  await expect(readSessionFile(file)).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('symlink'),
  });

  writeFileSync(file, zstdCompressSync(Buffer.alloc(300 << 20)));
  await expect(readSessionFile(file)).rejects.toMatchObject({ message: expect.stringContaining('unpacks to more') });

  await expect(reading([...whole(), ...whole()])).rejects.toMatchObject({ message: expect.stringContaining('twice') });

  writeFileSync(file, 'nothing');
  await expect(readSessionFile(file)).rejects.toMatchObject({ message: expect.stringContaining('is no session file') });
  await expect(readSessionFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(readSessionFile(folder)).rejects.toMatchObject({ code: 'BAD_INPUT' });
});
