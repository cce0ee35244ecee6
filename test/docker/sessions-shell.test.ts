import { join } from 'node:path';
import { type IPty, spawn } from 'node-pty';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programFile, runCli, temporaryHome, tinyPack } from '../support/cli.ts';
import { startSession } from '../support/session-containers.ts';

const home = temporaryHome();
let session: string;

beforeAll(async () => {
  session = await startSession(home.folder, join(tinyPack, 'one'));
});
afterAll(async () => {
  await runCli(['clean', '--all'], { home: home.folder });
  home[Symbol.dispose]();
});

/** A person at a terminal: types, and waits for what the screen shows. */
class Person {
  readonly #pty: IPty;
  #screen = '';
  readonly #waiting = new Set<() => void>();
  readonly exited: Promise<number>;

  constructor(words: readonly string[]) {
    const environment = { ...process.env, HOOKPOINT_HOME: home.folder, TERM: 'xterm-256color' };
    this.#pty = spawn(process.execPath, [programFile, ...words], { cols: 90, rows: 30, env: environment });
    this.#pty.onData((data) => {
      this.#screen += data;
      for (const look of this.#waiting) look();
    });
    this.exited = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  type(text: string): void {
    this.#screen = '';
    this.#pty.write(text);
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows);
  }

  hangUp(): void {
    this.#pty.kill('SIGHUP');
  }

  async sees(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(this.#screen)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
      void this.exited.then((code) => reject(new Error(`the shell ended with ${code}; the screen: ${this.#screen}`)));
    });
  }
}

test('a shell has the size of the terminal and follows it', async () => {
  const person = new Person(['shell', session, 'host']);
  await person.sees(/host.*[#$] $/);
  person.type('stty size\r');
  await person.sees(/^30 90\r$/m);
  person.resize(120, 40);
  person.type('until [ "$(stty size)" = "40 120" ]; do read -t 0.05; done; echo resi""zed\r');
  await person.sees(/resized/);
  person.type('exit 5\r');
  expect(await person.exited).toBe(5);
});

test('Ctrl-C ends the command in the lab, not the shell', async () => {
  const person = new Person(['shell', session]);
  await person.sees(/[#$] $/);
  // The program itself says that it runs: bash loses a Ctrl-C that comes between two commands of a line.
  person.type('sh -c \'echo wait""ing; exec cat\'\r');
  await person.sees(/waiting/);
  person.type('\u0003');
  await person.sees(/\^C[\s\S]*[#$] $/);
  person.type('echo status $?\r');
  await person.sees(/status 130/);
  person.type('\u0004');
  expect(await person.exited).toBe(0);
});

test('a terminal that is closed takes its shell with it', async () => {
  const person = new Person(['shell', session, 'host']);
  await person.sees(/[#$] $/);
  person.type('exec -a hung-up cat\r');
  const pids = () => runCli(['exec', session, 'host', '--', 'pgrep', '-f', '^hung-up'], { home: home.folder });
  while ((await pids()).exitCode !== 0);
  person.hangUp();
  await person.exited;
  while ((await pids()).exitCode === 0);
});

test('a session that is stopped under an open shell says so on a line of its own', async () => {
  const other = await startSession(home.folder, join(tinyPack, 'one'));
  const person = new Person(['shell', other, 'host']);
  await person.sees(/host.*[#$] $/);
  const said = person.sees(/\n(error: )?The (session|container of) \S+ (was stopped|is gone)/);
  await runCli(['stop', other], { home: home.folder });
  await said;
  await person.exited;
});
