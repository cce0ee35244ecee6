import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from 'node-pty';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';

/** The learner's shell, as it is seen through a real terminal: a process of ours in a pseudo-terminal attaches to a node. */

let lab: RunningLab;
let terminal: Screen | undefined;

beforeAll(async () => {
  lab = await startRunningLab({ client: {} });
});
afterAll(() => lab[Symbol.asyncDispose]());
afterEach(() => terminal?.end());

interface Screen {
  readonly pty: IPty;
  /** Resolves when what was written since the last call matches. */
  shows(pattern: RegExp): Promise<string>;
  type(text: string): void;
  readonly exited: Promise<number>;
  end(): void;
}

function open(size: { cols: number; rows: number }): Screen {
  const program = fileURLToPath(new URL('../support/attach-to-node.ts', import.meta.url));
  const pty = spawn(
    'bash',
    ['-c', 'stty -a | head -c 0; node "$0" "$@"; echo "status $?"; stty -a', program, lab.container.id, 'client'],
    {
      ...size,
      name: 'xterm-256color',
    },
  );
  let text = '';
  let waiting: (() => void) | undefined;
  pty.onData((data) => {
    // Colours and modes (ECMA-48 control sequences) are not what is tested, nor the shell's marks, which a terminal does not show.
    text = (text + data).replace(/\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\r/g, '');
    waiting?.();
  });
  const exited = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
  return {
    pty,
    exited,
    type: (keys) => pty.write(keys),
    end: () => pty.kill(),
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${pattern} in:\n${text}`)), 15_000);
        const look = () => {
          const match = pattern.exec(text);
          if (match === null) return;
          clearTimeout(timer);
          waiting = undefined;
          text = text.slice(match.index + match[0].length);
          resolve(match[0]);
        };
        waiting = look;
        look();
      }),
  };
}

const prompt = /root@client:~# /;

describe('a shell of a node on the caller’s terminal', () => {
  test('has the node’s name in its prompt, a terminal, and its size', async () => {
    terminal = open({ cols: 101, rows: 37 });
    await terminal.shows(prompt);
    terminal.type('tty; stty size; echo $TERM $HOME\r');
    await terminal.shows(/\n\/dev\/pts\/\d+\n37 101\nxterm-256color \/root\n/);
  });

  test('follows a resize', async () => {
    terminal = open({ cols: 80, rows: 24 });
    await terminal.shows(prompt);
    terminal.type('trap "stty size" WINCH; echo set\r');
    await terminal.shows(/\nset\n/);
    terminal.pty.resize(132, 50);
    await terminal.shows(/50 132/);
  });

  test('Ctrl-C ends the command in the lab and not the terminal', async () => {
    terminal = open({ cols: 80, rows: 24 });
    await terminal.shows(prompt);
    // The command itself says that it runs: before its exec the shell may still have the foreground.
    terminal.type('sh -c "echo begun; exec sleep 1000"\r');
    await terminal.shows(/\nbegun\n/);
    terminal.type('\x03');
    await terminal.shows(prompt);
    terminal.type('echo "status $?"\r');
    await terminal.shows(/\nstatus 130\n/);
    expect((await lab.inNode('client', 'pgrep -fx "sleep 1000"')).stdout).toBe('');
  });

  test('ends with the shell’s status, and the caller’s terminal is as it was', async () => {
    terminal = open({ cols: 80, rows: 24 });
    await terminal.shows(prompt);
    terminal.type('exit 9\r');
    await terminal.shows(/status 9\n/);
    const modes = await terminal.shows(/speed.*extproc/s);
    expect(modes).toMatch(/^isig icanon /m);
    expect(modes).toMatch(/ echo /);
    expect(await terminal.exited).toBe(0);
  });

  test('a terminal that goes away takes its shell with it', async () => {
    terminal = open({ cols: 80, rows: 24 });
    await terminal.shows(prompt);
    terminal.type('echo $$ >/root/shell; echo written\r');
    await terminal.shows(/\nwritten\n/);
    terminal.pty.kill('SIGHUP');
    await terminal.exited;
    const gone =
      'shell=$(</root/shell); for i in {1..200}; do [ -d /proc/$shell ] || { echo gone; exit; }; read -rt 0.05 <> <(:); done';
    expect((await lab.inNode('client', gone)).stdout).toBe('gone\n');
  });
});
