import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildArchive } from '../../engine/packs/index.ts';
import { edited, writePack } from '../pack-format/sample-pack.ts';
import { runCli, temporaryHome, tinyPack } from '../support/cli.ts';

const noDocker = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

/** The sample pack with another line in pack.yaml, as an archive in the folder. */
async function archive(folder: string, from: string, to: string): Promise<string> {
  await using pack = await writePack(edited('pack.yaml', from, to));
  const file = join(folder, 'made.hookpack');
  await buildArchive(pack.folder, file);
  return file;
}

test('a pack with the id of a shipped one is refused, and with the flag says what it hides until it is removed', async () => {
  using home = temporaryHome();
  const run = (...words: string[]) => runCli(words, { home: home.folder });
  const file = await archive(home.folder, 'id: sample', 'id: netfilter');
  const refused = await run('pack', 'install', file);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toMatch(/has the id of a pack that comes with Hookpoint[\s\S]*redirect/);
  expect(JSON.parse((await run('pack', 'list', '--json')).stdout).packs).toMatchObject([
    { id: 'netfilter', installed: false, inUse: true },
  ]);
  expect((await run('pack', 'install', file, '--replace-shipped')).exitCode).toBe(0);
  expect((await run('pack', 'list')).stdout).toContain('hides the shipped one');
  expect((await run('labs')).stdout).not.toContain('netfilter/redirect');
  expect((await run('pack', 'remove', 'netfilter')).stdout).toBe('Removed netfilter 1.0.0.\n');
  expect((await run('labs')).stdout).toContain('netfilter/redirect');
});

test('of several versions remove wants to know which; what is not installed is told', async () => {
  using home = temporaryHome();
  const run = (...words: string[]) => runCli(words, { home: home.folder });
  await run('pack', 'install', await archive(home.folder, '1.0.0', '1.0.0'));
  await run('pack', 'install', await archive(home.folder, '1.0.0', '1.2.0'));
  const either = await run('pack', 'remove', 'sample');
  expect([either.exitCode, either.stderr]).toEqual([2, expect.stringContaining('1.0.0, 1.2.0')]);
  expect((await run('pack', 'remove', 'sample', '1.0.0')).exitCode).toBe(0);
  expect((await run('pack', 'remove', 'sample')).exitCode).toBe(0);
  const none = await run('pack', 'remove', 'sample');
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('No version of the pack sample')]);
  expect((await run('pack', 'remove', 'netfilter')).exitCode).toBe(2);
});

test('a folder is no archive: it says what builds one', async () => {
  using home = temporaryHome();
  const { exitCode, stderr } = await runCli(['pack', 'install', tinyPack], { home: home.folder });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/is a folder[\s\S]*pack build/);
});

test('where the data folder cannot be written, install says that, and no stack', async () => {
  using place = temporaryHome();
  const file = await archive(place.folder, '1.0.0', '1.0.0');
  const { exitCode, stderr } = await runCli(['pack', 'install', file], { home: '/proc/hookpoint/home' });
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/cannot be made[\s\S]*HOOKPOINT_HOME[\s\S]*code: STORE_FAILED/);
  expect(stderr).not.toMatch(/^ +at /m);
});

test('pack test refuses a lab that there is not, and nothing at once', async () => {
  using home = temporaryHome();
  const run = (...words: string[]) => runCli(words, { home: home.folder, env: noDocker });
  const unknown = await run('pack', 'test', tinyPack, '--lab', 'nosuch');
  expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringMatching(/no lab 'nosuch'[\s\S]*one, two/)]);
  const none = await run('pack', 'test', tinyPack, '--parallel', '0');
  expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('from 1 on')]);
});

test.each(['pack', 'rules'])('%s alone lists what it has', async (name) => {
  const { exitCode, stdout, stderr } = await runCli([name]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`Usage: hookpoint ${name}[\\s\\S]*Commands:`));
  expect(stderr).toBe('');
});

test.each([
  ['labs/netfilter', /is a pack: name a lab in it[\s\S]*labs\/netfilter\/redirect/],
  ['./labs/netfilter', /is a pack[\s\S]*labs\/netfilter\/redirect/],
  ['netfilter', /is a pack[\s\S]*netfilter\/redirect/],
  ['.', /no lab\.yaml in \./],
  ['/tmp', /no lab\.yaml in \/tmp/],
  ['./nowhere', /no folder \.\/nowhere/],
])('start %s says what is there and what is missing', async (path, expected) => {
  using home = temporaryHome();
  const { exitCode, stderr } = await runCli(['start', path], { home: home.folder, env: noDocker });
  expect(stderr).toMatch(expected);
  expect(exitCode).toBe(2);
});

test.each([
  [['pack', 'lint'], 2, /See `hookpoint pack lint --help`/],
  [['nosuch', '--help'], 2, /Unknown command 'nosuch'/],
  [['pack', 'nosuch', '--help'], 2, /Unknown command 'nosuch'/],
  [['answer'], 2, /The question and the value are missing/],
  [['exec', 'one-2222', '--', 'ls', '-l'], 2, /The node is missing[\s\S]*exec one-2222 NODE -- ls -l/],
  [['exec', 'one-2222', 'host'], 2, /The command is missing[\s\S]*exec one-2222 host -- COMMAND/],
  [['serve', '--port', '99999'], 2, /Expected a port from 1 to 65535/],
])('%j ends with %i', async (words, code, expected) => {
  using home = temporaryHome();
  const { exitCode, stdout, stderr } = await runCli(words, { home: home.folder, env: noDocker });
  expect([exitCode, stdout]).toEqual([code, '']);
  expect(stderr).toMatch(expected);
});

test('the help of trace says what its families do', async () => {
  const { stdout } = await runCli(['trace', '--help']);
  expect(stdout).toContain('send over IPv4');
});
