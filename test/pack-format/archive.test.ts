import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { pack as tarPack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { buildArchive, installArchive, loadPack, packDigest } from '../../engine/packs/index.ts';
import { edited, sample, writePack } from './sample-pack.ts';

async function scratch(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'hookpoint-archive-'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

const sha = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

describe('building', () => {
  test('the same input gives the same bytes, whatever the clock and the folder', async () => {
    await using pack = await writePack();
    await using place = await scratch();
    await buildArchive(pack.folder, join(place.folder, 'a.hookpack'));
    await cp(pack.folder, join(place.folder, 'copy'), { recursive: true });
    await utimes(join(place.folder, 'copy/pack.yaml'), 1, 1);
    await buildArchive(join(place.folder, 'copy'), join(place.folder, 'b.hookpack'));
    expect(await sha(join(place.folder, 'a.hookpack'))).toBe(await sha(join(place.folder, 'b.hookpack')));
    expect((await readdir(place.folder)).sort()).toEqual(['a.hookpack', 'b.hookpack', 'copy']);
  });

  test('a pack with problems is not built', async () => {
    await using pack = await writePack({ 'first/solutions/insert.yaml': null });
    await expect(buildArchive(pack.folder, join(pack.folder, 'x.hookpack'))).rejects.toMatchObject({
      code: 'PACK_INVALID',
    });
  });

  test('a file that cannot be written is told with what to do', async () => {
    await using pack = await writePack();
    await expect(buildArchive(pack.folder, join(pack.folder, 'nowhere/x.hookpack'))).rejects.toMatchObject({
      code: 'BAD_INPUT',
      remedy: expect.stringContaining('folder'),
    });
  });
});

describe('installing', () => {
  test('a built pack is installed under its id and version, and is the same', async () => {
    await using pack = await writePack();
    await using place = await scratch();
    const file = join(place.folder, 'a.hookpack');
    await buildArchive(pack.folder, file);
    const packs = join(place.folder, 'packs');
    const installed = await installArchive(file, packs);
    expect(installed).toEqual({ id: 'sample', version: '1.0.0', folder: join(packs, 'sample/1.0.0'), already: false });
    expect(await packDigest(installed.folder)).toBe(await packDigest(pack.folder));
    expect((await loadPack(installed.folder)).labs).toHaveLength(1);
    expect((await installArchive(file, packs)).already).toBe(true);
    expect(await readdir(packs)).toEqual(['sample']);
  });

  test('another pack of the same id and version does not replace it', async () => {
    await using one = await writePack();
    await using other = await writePack(edited('pack.yaml', 'A sample', 'Another'));
    await using place = await scratch();
    for (const [name, { folder }] of Object.entries({ one, other }))
      await buildArchive(folder, join(place.folder, name));
    await installArchive(join(place.folder, 'one'), join(place.folder, 'packs'));
    await expect(installArchive(join(place.folder, 'other'), join(place.folder, 'packs'))).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    expect((await loadPack(join(place.folder, 'packs/sample/1.0.0'))).manifest.title).toBe('A sample');
  });
});

interface Entry {
  readonly name: string;
  readonly content?: string;
  readonly type?: 'file' | 'symlink' | 'link' | 'directory' | 'character-device' | 'fifo';
  readonly linkname?: string;
}

async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = tarPack();
  const whole = buffer(tar);
  for (const { name, content = '', type = 'file', linkname } of entries) {
    if (type === 'file') tar.entry({ name, type }, content);
    else tar.entry(linkname ? { name, type, linkname } : { name, type });
  }
  tar.finalize();
  return zstdCompressSync(await whole);
}

const sound: readonly Entry[] = Object.entries(sample).map(([name, content]) => ({ name, content }));

describe('hostile archives leave nothing behind', () => {
  const cases: [string, () => Promise<Buffer>, RegExp][] = [
    ['a path out of the pack', () => archiveOf([...sound, { name: '../evil', content: 'x' }]), /the path '\.\.\/evil'/],
    [
      'a path out of the pack, deeper',
      () => archiveOf([...sound, { name: 'first/../../evil', content: 'x' }]),
      /not taken/,
    ],
    ['an absolute path', () => archiveOf([...sound, { name: '/tmp/evil', content: 'x' }]), /not taken/],
    ['a path of another system', () => archiveOf([...sound, { name: 'C:\\evil', content: 'x' }]), /not taken/],
    [
      'a symbolic link',
      () => archiveOf([...sound, { name: 'first/link', type: 'symlink', linkname: '/etc' }]),
      /a symlink: only plain files/,
    ],
    [
      'a hard link',
      () => archiveOf([...sound, { name: 'first/link', type: 'link', linkname: 'pack.yaml' }]),
      /a link: only plain files/,
    ],
    ['a device', () => archiveOf([...sound, { name: 'first/null', type: 'character-device' }]), /only plain files/],
    ['one name twice', () => archiveOf([...sound, { name: 'PACK.yaml', content: 'x' }]), /'PACK\.yaml' twice/],
    ['a hidden file', () => archiveOf([...sound, { name: '.bashrc', content: 'x' }]), /not taken/],
    [
      'a file that is too large',
      () => archiveOf([...sound, { name: 'first/x.yaml', content: 'x'.repeat(300_000) }]),
      /with 300000 bytes/,
    ],
    [
      'too many files',
      () => archiveOf(Array.from({ length: 2001 }, (_, index) => ({ name: `f${index}` }))),
      /too many files/,
    ],
    ['a bomb', async () => zstdCompressSync(Buffer.alloc(100_000_000)), /unpacks to more than/],
    ['no archive', async () => Buffer.from('PK\u0003\u0004 not this one'), /no archive of a pack/],
    ['half an archive', async () => (await archiveOf(sound)).subarray(0, 300), /no archive of a pack/],
  ];
  test.each(cases)('%s', async (_, make, message) => {
    await using place = await scratch();
    const file = join(place.folder, 'evil.hookpack');
    await writeFile(file, await make());
    const packs = join(place.folder, 'packs');
    const failure = await installArchive(file, packs).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(message) as unknown });
    expect((await readdir(place.folder)).sort()).toEqual(['evil.hookpack']);
  });

  test('a pack that is not sound is not installed', async () => {
    await using place = await scratch();
    const file = join(place.folder, 'wrong.hookpack');
    await writeFile(file, await archiveOf(sound.filter(({ name }) => name !== 'first/guide.md')));
    await expect(installArchive(file, join(place.folder, 'packs'))).rejects.toMatchObject({ code: 'PACK_INVALID' });
    expect(await readdir(join(place.folder, 'packs'))).toEqual([]);
  });
});
