import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { overMessagePort } from '../app/client/connection.ts';
import type { Client } from '../engine/contract/contract.ts';
import { serveMessagePort } from '../engine/host/carriers.ts';
import { openHost } from '../engine/host/host.ts';
import { findLab } from '../engine/sessions/catalog.ts';
import { startSession } from '../engine/sessions/start.ts';
import { stopSession } from '../engine/sessions/stop.ts';
import { execArgv } from '../engine/topology/index.ts';
import { against, type Bench, compare, median, milliseconds, percentile } from './measure.ts';

/** What people feel as at once; a key that takes longer is felt as slow. */
const keystroke = { median: 20, ninetyFifth: 50 };
/** The issue's own figure: from Ctrl-C in the midst of a flood to the prompt. */
const interrupt = 100;
const keys = 200;
const flood = 20_000_000;
const words = `head -c ${flood} /dev/zero | tr '\\0' x | fold -w 80`;

/** Rows about terminals, with a client over a MessagePort that does what a window does but for drawing. */
export async function terminalRows(bench: Bench): Promise<void> {
  await using host = await openHost();
  const lab = await findLab(host.home, 'netfilter/redirect');
  const { session } = await startSession(await host.workspace(), lab, { seed: 1, hostLog: false });
  try {
    const { port1, port2 } = new MessageChannel();
    using _line = { [Symbol.dispose]: () => port1.close() };
    serveMessagePort(host, port2);
    const { client } = await overMessagePort(async () => port1)();
    await using terminal = await openTerminal(client, session.id);
    await terminal.until((text) => text.endsWith('# '));
    await bench.group('keystroke to echo', async () => {
      const echoes = await echoesOf(terminal);
      for (const [name, ours, limit] of [
        ['median', median(echoes), keystroke.median],
        ['95th percentile', percentile(echoes, 0.95), keystroke.ninetyFifth],
      ] as const) {
        await bench.row(`keystroke to echo, ${name}, against ${limit} ms`, () => against(limit, ours, keys));
      }
    });
    await bench.row(`Ctrl-C in a flood to the prompt, against ${interrupt} ms`, async () => {
      const interrupts: number[] = [];
      while (interrupts.length < 7) interrupts.push(await interruptOnce(terminal));
      return against(interrupt, median(interrupts), interrupts.length);
    });
    const raw = execArgv('host', ['bash', '-c', words]);
    await bench.row('20 MB to a terminal, against docker exec in a pipe', () =>
      compare(
        4,
        3,
        () => milliseconds(() => floodOnce(terminal)),
        () => milliseconds(() => intoPipe(['exec', session.container, ...raw])),
      ),
    );
  } finally {
    await stopSession(await host.workspace(), session);
  }
}

interface Screen extends AsyncDisposable {
  type(data: string): void;
  /** Resolves when the text since the last keys is as wanted; of a flood its end is looked at. */
  until(wanted: (text: string) => boolean): Promise<void>;
}

async function openTerminal(client: Client, session: string): Promise<Screen> {
  const terminal = randomUUID();
  await client.terminals.open({ session, node: 'host', terminal, columns: 100, rows: 30 });
  const left = new AbortController();
  const events = await client.terminals.attach({ terminal }, { signal: left.signal });
  let text = '';
  let wake = () => {};
  const following = (async () => {
    let attachment = '';
    for await (const event of events) {
      if (event.kind === 'attached') attachment = event.attachment;
      const data = event.kind === 'attached' ? event.screen : event.kind === 'output' ? event.data : '';
      if (event.kind === 'output') {
        const told = client.terminals.acknowledge({ terminal, attachment, characters: data.length });
        told.catch(() => undefined); // it was left
      }
      text = (text + data).slice(-2000);
      wake();
    }
  })();
  following.catch(() => undefined); // it is left below
  return {
    type(data) {
      text = '';
      void client.terminals.write({ terminal, data });
    },
    async until(wanted) {
      while (!wanted(stripVTControlCharacters(text).replaceAll('\r', ''))) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      left.abort();
      await client.terminals.close({ terminal });
    },
  };
}

async function echoesOf(terminal: Screen): Promise<readonly number[]> {
  const echoes: number[] = [];
  for (let key = 0; key < keys; key++) {
    echoes.push(
      await milliseconds(async () => {
        terminal.type('x');
        await terminal.until((text) => text.includes('x'));
      }),
    );
  }
  terminal.type('\x03');
  await terminal.until((text) => text.endsWith('# '));
  return echoes;
}

async function interruptOnce(terminal: Screen): Promise<number> {
  terminal.type('yes\r');
  await terminal.until((text) => text.endsWith('y\n'.repeat(300)));
  return milliseconds(async () => {
    terminal.type('\x03');
    await terminal.until((text) => text.endsWith('# '));
  });
}

async function floodOnce(terminal: Screen): Promise<void> {
  terminal.type(`${words}; echo o"ver"\r`);
  await terminal.until((text) => /over\n.*# $/.test(text));
}

function intoPipe(argv: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile('docker', argv, { maxBuffer: 2 * flood }, (error) => (error ? reject(error) : resolve()));
    child.stdout?.resume();
  });
}
