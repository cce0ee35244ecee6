import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { commandTable } from '../../cli/command-table.ts';
import { programFile, runCli, temporaryHome, tinyPack } from '../support/cli.ts';

const home = temporaryHome();
afterAll(() => home[Symbol.dispose]());

/** A command line on a machine where no Docker engine answers. */
const run = (...words: string[]) =>
  runCli(words, { home: home.folder, env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });

describe('help', () => {
  test('lists every command and ends with 0', async () => {
    const { exitCode, stdout } = await run('--help');
    expect(exitCode).toBe(0);
    for (const { name } of commandTable) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  test('is what the program says without any word', async () => {
    const { exitCode, stdout } = await run();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Usage: hookpoint');
  });

  test.each(commandTable.map(({ name }) => name))(
    '%s has examples, and --json itself or in its commands',
    async (name) => {
      const entry = commandTable.find((one) => one.name === name);
      const command = await entry?.load();
      const leaves = command?.commands.length ? command.commands : [command];
      for (const leaf of leaves) {
        let help = '';
        leaf?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
        expect(help).toContain('Examples:');
        expect(help).toContain('--json');
      }
    },
  );
});

describe('bad usage ends with 2 and says what to type', () => {
  test.each([
    [['strat'], /Unknown command 'strat'[\s\S]*Did you mean start\?/],
    [['check', '--jsn'], /Unknown option '--jsn'[\s\S]*--json/],
    [['start'], /Say which lab to start/],
    [['start', 'tiny/one', '--resume', 'one-2222'], /one of the two/],
    [['start', 'tiny/one', '--seed', 'many'], /whole number/],
    [['guide', '--seed', '7'], /A session has its own seed/],
    [['exec', 'one-2222'], /Missing required argument 'node'/],
    [['exec', 'one-2222', 'host', 'ls', '-l'], /Put -- before the command/],
    [['answer', 'policy'], /The VALUE is missing: answer takes a question and a value/],
    [['check', '--json', '--junit', '-'], /both write to stdout/],
    [['grade', 'tiny/one', 'work.sh', '--json', '--junit', '-'], /both write to stdout/],
    [['grade', 'tiny/one'], /The work is missing/],
    [['shell', '--json'], /A shell has no JSON/],
  ])('%j', async (words, expected) => {
    const { exitCode, stdout, stderr } = await run(...words);
    expect(stderr).toMatch(expected);
    expect(stderr).toContain('code: USAGE');
    expect(exitCode).toBe(2);
    expect(stdout === '' || words.includes('--json')).toBe(true);
  });
});

describe('what is not there ends with 2', () => {
  test.each([
    [['start', 'nopack/nolab'], /no pack "nopack"[\s\S]*netfilter/],
    [['start', 'netfilter/nolab'], /no lab 'nolab'[\s\S]*redirect/],
    [['start', 'nolab'], /no lab "nolab"/],
    [['start', '--resume', 'one-2222'], /no session "one-2222"/],
  ])('%j', async (words, expected) => {
    const { exitCode, stderr } = await runCli(words, { home: home.folder });
    expect(stderr.replace(/\s+/g, ' ')).toMatch(expected);
    expect(exitCode).toBe(2);
  });
});

test('with --json an error is JSON on stdout and text on stderr', async () => {
  const { exitCode, stdout, stderr } = await run('start', 'nopack/nolab', '--json');
  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NOT_FOUND', remedy: expect.any(String), problems: [] } });
  expect(stderr).toContain('code: NOT_FOUND');
});

test('a --json behind -- belongs to the command in the lab', async () => {
  const { stdout } = await run('exec', 'one-2222', 'host', '--', 'ip', '--json');
  expect(stdout).toBe('');
});

test('a lab with a mistake is told with file, line and column, before Docker is asked', async () => {
  const folder = join(home.folder, 'broken');
  cpSync(tinyPack, folder, { recursive: true });
  const file = join(folder, 'one/lab.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('services:', 'servises:'));
  const { exitCode, stderr } = await run('start', join(folder, 'one'));
  expect(stderr.replace(/\s+/g, ' ')).toMatch(/one\/lab\.yaml:11:7: .*servises/);
  expect(stderr).toContain('code: PACK_INVALID');
  expect(exitCode).toBe(2);
});

test('without Docker a lab does not start: the cause, what to do, exit code 3', async () => {
  const { exitCode, stdout, stderr } = await run('start', join(tinyPack, 'one'), '--json');
  expect(exitCode).toBe(3);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'DOCKER_UNREACHABLE',
    remedy: expect.stringContaining('Docker'),
  });
  expect(stderr).toContain('/nowhere/docker.sock');
});

test('labs are listed without Docker', async () => {
  const { exitCode, stdout } = await run('labs', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).labs).toContainEqual(expect.objectContaining({ pack: 'netfilter', lab: 'redirect' }));
});

test('no session is no error for sessions, also without Docker', async () => {
  expect(JSON.parse((await run('sessions', '--json')).stdout)).toEqual({ sessions: [] });
});

test('a data folder that cannot be made is one sentence with exit code 3', async () => {
  const file = join(home.folder, 'a-file');
  writeFileSync(file, '');
  const { exitCode, stderr } = await runCli(['sessions'], { home: join(file, 'home') });
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/a file stands where a folder must be[\s\S]*HOOKPOINT_HOME[\s\S]*code: STORE_FAILED/);
});

test('nothing is coloured where stdout is no terminal', async () => {
  const { stdout } = await runCli(['labs'], { home: home.folder, env: { NO_COLOR: '', FORCE_COLOR: '' } });
  expect(stdout).not.toContain('\u001b[');
});

test('a reader that stops early is no failure', () => {
  const shell = `"${process.execPath}" "${programFile}" labs --json | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout.trim()).toBe('0');
});
