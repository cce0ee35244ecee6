import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Container } from '../../engine/runtime/container.ts';
import { highWater } from '../../engine/terminals/flow-window.ts';
import { TerminalHub } from '../../engine/terminals/hub.ts';
import { type RunningLab, startRunningLab } from '../support/running-lab.ts';
import { openTerminalWindow } from '../support/terminal-window.ts';

/** Terminals of nodes as the engine holds them, in a real lab. */

let lab: RunningLab;
let hub: TerminalHub;
beforeAll(async () => {
  lab = await startRunningLab({ client: {}, server: {} });
  hub = new TerminalHub(() => undefined);
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const { id } of hub.list('lab')) await hub.close(id);
});

const prompt = /root@client:~# $/;

async function open(id: string, { node = 'client', container = lab.container as Container } = {}) {
  await hub.open({ id, session: 'lab', node, container, size: { columns: 90, rows: 30 } });
  return hub.find(id);
}

function attach(id: string, { shows = true } = {}) {
  const left = new AbortController();
  const terminal = hub.find(id);
  const acknowledge = shows ? terminal.acknowledge.bind(terminal) : () => undefined;
  return openTerminalWindow(terminal.attach(left.signal), () => left.abort(), { acknowledge });
}

/** Asks again until a script in the outer container says `gone`. */
const untilGone = (script: string) =>
  lab.outside(`for i in {1..200}; do ${script} || { echo gone; exit; }; read -rt 0.05 <> <(:); done`);

describe('a terminal on a node', () => {
  test('is a login shell there with a prompt that names the node, of the size that was asked for', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    terminal.write('tty; stty size; echo $TERM $HOME; shopt login_shell\r');
    await window.shows(/\n\/dev\/pts\/\d+\n30 90\nxterm-256color \/root\nlogin_shell +\ton\n/);
    terminal.resize(window.attachment, { columns: 101, rows: 41 });
    terminal.write('stty size\r');
    await window.shows(/\n41 101\n/);
  });

  test('passes Ctrl-P on at once, which Docker keeps back by itself', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    terminal.write('echo rec"all"ed\r');
    await window.shows(/\nrecalled\n/);
    await window.shows(prompt);
    window.wipe();
    terminal.write('\x10');
    await window.shows(/echo rec"all"ed$/);
  });

  test('completes what iptables knows', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    terminal.write('iptables -t nat -A PREROU\t');
    await window.shows(/-A PREROUTING $/);
  });

  test('prints little more after Ctrl-C, however much a program prints', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    for (let time = 0; time < 3; time++) {
      window.wipe();
      terminal.write('yes\r');
      await window.receives(window.received + 2_000_000);
      const before = window.received;
      terminal.write('\x03');
      await window.shows(prompt);
      // One window of terminal.py, the terminal's own buffer, and what is in the engine's streams.
      expect(window.received - before).toBeLessThan(300_000);
    }
  });

  test('lets a program wait that nobody shows the output of', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    await using stuck = await attach('a', { shows: false });
    terminal.write('yes\r');
    await stuck.receives(highWater);
    const written = async () => {
      const { stdout } = await lab.inNode('client', 'sed -n "s/wchar: //p" /proc/$(pgrep -x yes)/io');
      return Number(stdout);
    };
    let [last, now] = [-1, await written()];
    while (now !== last) [last, now] = [now, await written()];
    // A newline is two characters on a terminal.
    expect(now * 1.5).toBeLessThan(1_000_000);
    await stuck[Symbol.asyncDispose]();
    terminal.write('\x03');
    await window.shows(prompt);
  });

  test('leaves nothing behind when it is closed, whatever ran in it', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    terminal.write('sleep 1111 &\r');
    terminal.write('sh -c "trap \'\' HUP; echo begun; while :; do sleep 1112; done"\r');
    await window.shows(/\nbegun\n/);
    await hub.close('a');
    expect((await untilGone('pgrep -f "terminal.py|runc.*exec"')).stdout).toMatch(/gone\n$/);
    expect((await lab.inNode('client', 'pgrep -x sleep -a | grep 1111; pgrep -xa bash')).stdout).toBe('');
    expect((await lab.outside('ls /run/hookpoint | grep terminal')).stdout).toBe('');
  });

  test('a shell that ignores the hang-up is killed', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    terminal.write('exec sh -c "trap \'\' HUP TERM INT; echo begun; while :; do sleep 1113; done"\r');
    await window.shows(/\nbegun\n/);
    await hub.close('a');
    expect((await untilGone('pgrep -f "sleep 1113"')).stdout).toMatch(/gone\n$/);
  });

  test('an engine that was killed leaves no shell behind', async () => {
    const program = fileURLToPath(new URL('../support/hold-node-terminal.ts', import.meta.url));
    const engine = spawn(process.execPath, [program, lab.container.id, 'client'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(engine.stdout, 'data');
    expect((await lab.inNode('client', 'pgrep -xa bash')).stdout).toContain('bash -l');
    engine.kill('SIGKILL');
    await once(engine, 'exit');
    expect((await untilGone('pgrep -f "terminal.py"')).stdout).toMatch(/gone\n$/);
    expect((await lab.inNode('client', 'pgrep -xa bash')).stdout).toBe('');
  });

  test('tells with which status its shell ended, after the last of its output', async () => {
    const terminal = await open('a');
    await using window = await attach('a');
    await window.shows(prompt);
    terminal.write('seq 1 30000; exit 9\r');
    const ended = await window.has('ended');
    expect(ended).toEqual({
      kind: 'ended',
      cause: 'exited',
      exitCode: 9,
      reason: 'The shell on client ended with status 9.',
    });
    expect(window.text).toMatch(/\n30000\n(exit|logout)\n$/);
    await open('a');
    terminal.write('echo aga"in"\r');
    await window.shows(/\nagain\n/);
  });

  test('says what is wrong with a node that is not there, and is not there itself', async () => {
    await expect(open('b', { node: 'nobody' })).rejects.toMatchObject({ code: 'NODE_FAILED' });
    expect(hub.list('lab')).toEqual([]);
  });

  test('says so when its node is started afresh, and begins there anew', async () => {
    const terminal = await open('a', { node: 'server' });
    await using window = await attach('a');
    await window.shows(/root@server:~# $/);
    await lab.restart('server');
    expect(await window.has('ended')).toMatchObject({ cause: 'lost', reason: expect.stringContaining('was killed') });
    await open('a', { node: 'server' });
    terminal.write('echo aga"in"\r');
    await window.shows(/\nagain\n/);
  });

  test('says so when its container goes away, and is forgotten when the last window has left', async () => {
    await using other = await startRunningLab({ client: {} });
    await open('c', { container: other.container });
    const window = await attach('c');
    await window.shows(prompt);
    await other.container.remove();
    expect(await window.has('ended')).toMatchObject({
      cause: 'lost',
      reason: expect.stringContaining('container was ended'),
    });
    expect(hub.list('lab').map(({ id }) => id)).toEqual(['c']);
    await window[Symbol.asyncDispose]();
    expect(hub.list('lab')).toEqual([]);
  });
});
