import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { pack as tarPack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientInProcess } from '../../engine/host/carriers.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { buildArchive } from '../../engine/packs/index.ts';
import { edited, writePack } from '../pack-format/sample-pack.ts';

let folder: string;
let host: Host;
const client = () => clientInProcess(host);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hookpoint-packs-'));
  process.env.HOOKPOINT_HOME = join(folder, 'home');
  host = await openHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The sample pack as the bytes of a .hookpack file. */
async function archive(changes: Parameters<typeof writePack>[0] = {}): Promise<string> {
  await using pack = await writePack(changes);
  const file = join(folder, 'made.hookpack');
  await buildArchive(pack.folder, file);
  return await readFile(file, 'base64');
}

const versions = async () =>
  (await client().packs.list()).packs.map(({ id, version, inUse, shipped }) => ({ id, version, inUse, shipped }));

test('what comes with Hookpoint is listed with what it takes of the machine', async () => {
  expect(await client().packs.list()).toMatchObject({
    packs: [{ id: 'netfilter', shipped: true, inUse: true, permissions: ['kernel-log'], licence: 'Apache-2.0' }],
    broken: [],
  });
});

test('a pack is installed from its bytes, is in the library at once, and can be removed again', async () => {
  const base64 = await archive();
  const left = new AbortController();
  const library = await client().library.watch(undefined, { signal: left.signal });
  const ids = async () => {
    const next = await library.next();
    return next.done ? [] : next.value.packs.map(({ id }) => id);
  };
  expect(await ids()).toEqual(['netfilter']);
  expect(await client().packs.install({ name: 'x.hookpack', base64 })).toEqual({
    id: 'sample',
    version: '1.0.0',
    already: false,
  });
  expect(await ids()).toEqual(['netfilter', 'sample']);
  expect(await client().packs.install({ name: 'x.hookpack', base64 })).toMatchObject({ already: true });
  await client().packs.remove({ pack: 'sample', version: '1.0.0' });
  expect(await ids()).toEqual(['netfilter']);
  left.abort();
});

test('of two versions the newer is in use, until it is removed', async () => {
  await client().packs.install({ name: 'x', base64: await archive() });
  await client().packs.install({ name: 'x', base64: await archive(edited('pack.yaml', '1.0.0', '1.10.0')) });
  const sample = async () =>
    (await versions()).filter(({ id }) => id === 'sample').map(({ version, inUse }) => [version, inUse]);
  expect(await sample()).toEqual([
    ['1.0.0', false],
    ['1.10.0', true],
  ]);
  await client().packs.remove({ pack: 'sample', version: '1.10.0' });
  expect(await sample()).toEqual([['1.0.0', true]]);
  await client().packs.remove({ pack: 'sample', version: '1.0.0' });
  expect(await sample()).toEqual([]);
});

test('an archive with a broken pack is refused, with every problem at its place in the archive', async () => {
  const tar = tarPack();
  tar.entry({ name: 'pack.yaml' }, 'id: broken\nversion: one\nlabs: []\n');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  const base64 = zstdCompressSync(Buffer.concat(chunks)).toString('base64');
  const failure = await client()
    .packs.install({ name: '/home/me/broken.hookpack', base64 })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'PACK_INVALID', message: expect.stringContaining('broken.hookpack') });
  expect(failure).toMatchObject({
    data: {
      problems: expect.arrayContaining([
        expect.objectContaining({ place: { file: 'pack.yaml', line: 2, column: 10 } }),
      ]),
    },
  });
  expect(String(JSON.stringify(failure))).not.toContain('.installing-');
});

test('bytes that are no archive are bad input, told by the name that the file had', async () => {
  await expect(
    client().packs.install({ name: 'notes.txt', base64: Buffer.from('hello').toString('base64') }),
  ).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('notes.txt') });
});

test('only what is installed can be removed, whatever the names say', async () => {
  for (const request of [
    { pack: 'netfilter', version: '0.1.0' },
    { pack: '..', version: '.' },
    { pack: 'sample', version: '../../..' },
  ]) {
    await expect(client().packs.remove(request)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(await versions()).toHaveLength(1);
});

test('an installed pack that cannot be read is shown with its problems and can be removed', async () => {
  const place = join(folder, 'home/packs/odd/1.0.0');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'pack.yaml'), 'id: odd\n');
  expect((await client().packs.list()).broken).toMatchObject([
    { id: 'odd', installed: '1.0.0', failure: { code: 'PACK_INVALID' } },
  ]);
  expect((await client().packs.lint({ pack: 'odd' })).length).toBeGreaterThan(0);
  await client().packs.remove({ pack: 'odd', version: '1.0.0' });
  expect((await client().packs.list()).broken).toEqual([]);
});

test('a sound pack has nothing to lint; a pack or a lab that is not there is said so', async () => {
  expect(await client().packs.lint({ pack: 'netfilter' })).toEqual([]);
  await expect(client().packs.lint({ pack: 'nothing' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const events = await client().packs.test({ pack: 'netfilter', lab: 'nothing', hostLog: false });
  await expect(events.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
