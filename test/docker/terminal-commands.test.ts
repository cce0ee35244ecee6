import { afterAll, beforeAll, expect, test } from 'vitest';
import { TerminalHub } from '../../engine/terminals/hub.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';
import { openTerminalWindow } from '../support/terminal-window.ts';

/** Commands as the bash of a real node tells of them. */

interface Heard {
  text: string | null;
  host: string | null;
  exitCode: number | null | undefined;
}

let lab: RunningLab;
let hub: TerminalHub;
const heard: Heard[] = [];
beforeAll(async () => {
  lab = await startRunningLab({ client: {} });
  hub = new TerminalHub(
    () => undefined,
    () => ({
      begun: ({ text, host }) => heard.push({ text, host, exitCode: undefined }),
      ended: ({ exitCode }) => Object.assign(heard.at(-1) ?? {}, { exitCode }),
    }),
  );
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** A person at a new terminal of the node: types, and waits for what is shown. */
async function person() {
  const id = `t${Math.random().toString(36).slice(2, 8)}`;
  await hub.open({ id, session: 'lab', node: 'client', container: lab.container, size: { columns: 90, rows: 30 } });
  const left = new AbortController();
  const terminal = hub.find(id);
  const window = await openTerminalWindow(terminal.attach(left.signal), () => left.abort(), {
    acknowledge: terminal.acknowledge.bind(terminal),
  });
  await window.shows(/root@client:~# $/);
  heard.length = 0;
  return {
    window,
    type: (keys: string) => terminal.write(keys),
    async [Symbol.asyncDispose]() {
      await window[Symbol.asyncDispose]();
      await hub.close(id);
    },
  };
}

const said = () => heard.map(({ text, exitCode }) => [text, exitCode]);

test('a command has its text, its status and its node, and nothing of it is shown', async () => {
  await using one = await person();
  one.type("echo 'a;b\\c' | grep -q nothing\r");
  await one.window.shows(/nothing\n.*# $/);
  expect(heard).toEqual([{ text: "echo 'a;b\\c' | grep -q nothing", host: 'client', exitCode: 1 }]);
  expect(one.window.text).not.toContain('633');
});

test('Ctrl-C gives 130 to what ran, and is no command at the prompt', async () => {
  await using one = await person();
  // Bash itself loses a Ctrl-C that comes between two commands of a line: the program says that it runs.
  one.type('sh -c \'echo star""ted; exec sleep 100\'\r');
  await one.window.shows(/started\n/);
  one.type('\x03');
  await one.window.shows(/\^C\n.*# $/);
  one.type('not a command');
  await one.window.shows(/# not a command$/);
  one.type('\x03');
  await one.window.shows(/command\^C\n.*# $/);
  one.type('\r');
  await one.window.shows(/# \n.*# $/);
  expect(said()).toEqual([[`sh -c 'echo star""ted; exec sleep 100'`, 130]]);
});

test('lines of a loop are one command, pasted lines one each', async () => {
  await using one = await person();
  one.type('for word in a b\rdo echo "<$word>"\rdone\r');
  await one.window.shows(/<b>\n.*# $/);
  one.type('\x1b[200~echo on""e\necho tw""o\x1b[201~\r');
  await one.window.shows(/two\n.*# $/);
  expect(said()).toEqual([
    ['for word in a b; do echo "<$word>"; done', 0],
    ['echo on""e', null],
    ['echo tw""o', 0],
  ]);
});

test('who sets PS1 and PROMPT_COMMAND, or traces the shell, is not disturbed', async () => {
  await using one = await person();
  one.type("PS1='mine> '; PROMPT_COMMAND='echo hello'\r");
  await one.window.shows(/\nhello\nmine> $/);
  one.type('set -x\r');
  await one.window.shows(/hello\nmine> $/);
  one.type('set -eu; true\r');
  await one.window.shows(/\+ true\n\++ echo hello\nhello\nmine> $/);
  expect(one.window.text).not.toContain('hookpoint');
  expect(heard.at(-1)).toMatchObject({ text: 'set -eu; true', exitCode: 0 });
});

test('what the history is not to keep is not told', async () => {
  await using one = await person();
  one.type('HISTCONTROL=ignoreboth\r');
  await one.window.shows(/ignoreboth\n.*# $/);
  one.type(' echo se""cret\r');
  await one.window.shows(/secret\n.*# $/);
  expect(said()).toEqual([
    ['HISTCONTROL=ignoreboth', 0],
    [null, 0],
  ]);
});

test('a shell in the shell tells too, and one that ends takes its command along', async () => {
  await using one = await person();
  one.type('bash\r');
  await one.window.shows(/# bash\n.*# $/);
  one.type('(exit 7)\r');
  await one.window.shows(/exit 7\)\n.*# $/);
  one.type('exit\r');
  await one.window.shows(/exit\nexit\n.*# $/);
  expect(said().slice(0, 2)).toEqual([
    ['bash', null],
    ['(exit 7)', 7],
  ]);
});

test('scripts and shells without a terminal print no marks', async () => {
  const plain = await lab.inNode(
    'client',
    'bash -ilc "echo interactive" </dev/null 2>/dev/null; bash -lc "echo login"',
  );
  expect(plain.stdout).toBe('interactive\nlogin\n');
});
