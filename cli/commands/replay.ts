import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { HookpointError } from '../../engine/contract/error.ts';
import { readSessionFile, type SessionFile } from '../../engine/sessions/record/session-file.ts';
import type { Cast } from '../../engine/terminals/asciicast.ts';
import { SafeOutput, screenAfresh } from '../../engine/terminals/safe-output.ts';
import { notice, print, printJson } from '../output/print.ts';
import { table } from '../output/table.ts';
import { plain } from '../output/text.ts';

interface Options {
  readonly speed: number;
  readonly terminal?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Seconds: nobody wants to watch somebody think. */
const longestPause = 2;

export function replayCommand(): Command {
  return new Command('replay')
    .argument('<file>', 'what `export` wrote')
    .option('--speed <n>', 'so many times as fast, 0.1 to 100', readSpeed, 1)
    .option('--terminal <name>', 'which terminal, as --list names it; the first where it is left out')
    .option('--list', 'list the terminals instead')
    .option('--json', 'print the list as JSON')
    .addHelpText(
      'after',
      `
Space stops and goes on, Ctrl-C ends. Pauses are cut to ${longestPause} seconds. What is no drawing, such as a title or the clipboard, is left out.

Examples:
  hookpoint replay redirect-7k2f.hookpoint-session --list
  hookpoint replay redirect-7k2f.hookpoint-session --terminal host-2 --speed 4`,
    )
    .action(async (file: string, options: Options) => {
      const { terminals, manifest } = await readSessionFile(file);
      const listed = terminals.map(({ name, cast }) => ({ name, seconds: secondsOf(cast), ...sizeOf(cast) }));
      if (options.json) {
        printJson({ lab: `${manifest.pack}/${manifest.lab}`, seed: manifest.seed, terminals: listed });
        return;
      }
      if (options.list) {
        const rows = listed.map(({ name, seconds, columns, rows }) => [
          name,
          `${seconds.toFixed(0)} s`,
          `${columns}x${rows}`,
        ]);
        print(rows.length > 0 ? table(rows) : 'No terminal was recorded.');
        return;
      }
      await play(find(terminals, options.terminal).cast, options.speed);
    });
}

function find(terminals: SessionFile['terminals'], name: string | undefined): SessionFile['terminals'][number] {
  const found = name === undefined ? terminals[0] : terminals.find((one) => one.name === name);
  if (found) return found;
  const names = terminals.map((one) => one.name).join(', ');
  throw new HookpointError(
    'NOT_FOUND',
    name === undefined ? 'No terminal was recorded.' : `There is no terminal ${name}.`,
    {
      remedy: names ? `The file has: ${names}.` : 'A session that was started with --no-record has none.',
    },
  );
}

async function play({ events, header }: Cast, speed: number): Promise<void> {
  const { stdin, stdout } = process;
  if (stdout.isTTY && (stdout.columns < header.width || stdout.rows < header.height)) {
    notice(`It was recorded in ${header.width}x${header.height}; this window is smaller.`);
  }
  const safe = new SafeOutput();
  using keys = followKeys(stdin);
  let before = 0;
  try {
    for (const [at, code, data] of events) {
      // Into a file or a pipe it goes at once: nobody watches.
      if (stdout.isTTY) await keys.wait(Math.min(longestPause, Math.max(0, at - before)) / speed);
      before = at;
      if (code === 'o') stdout.write(safe.show(data));
      if (code === 'm') stdout.write(`\x1b[0m\r\n[${plain(data.slice(0, 200))}]\r\n`);
      if (keys.ended.aborted) break;
    }
  } finally {
    if (stdout.isTTY) stdout.write(screenAfresh);
  }
}

/** Space and Ctrl-C while it plays. */
function followKeys(input: NodeJS.ReadStream) {
  const end = new AbortController();
  let paused = false;
  let changed = Promise.withResolvers<void>();
  const take = (keys: Buffer) => {
    if (keys.includes(0x03) || keys.includes('q')) end.abort();
    if (keys.includes(' ')) paused = !paused;
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const stop = () => {
    end.abort();
    changed.resolve();
  };
  const isTerminal = input.isTTY;
  if (isTerminal) input.setRawMode(true).on('data', take).resume();
  process.once('SIGTERM', stop).once('SIGHUP', stop).once('SIGINT', stop);
  return {
    ended: end.signal,
    async wait(seconds: number): Promise<void> {
      await sleep(seconds * 1000, undefined, { signal: end.signal }).catch(() => undefined); // ended: who plays looks
      while (paused && !end.signal.aborted) await changed.promise;
    },
    [Symbol.dispose]() {
      if (isTerminal) input.off('data', take).setRawMode(false).pause();
      process.off('SIGTERM', stop).off('SIGHUP', stop).off('SIGINT', stop);
    },
  };
}

const secondsOf = ({ events }: Cast): number => events.at(-1)?.[0] ?? 0;
const sizeOf = ({ header: { width, height } }: Cast) => ({ columns: width, rows: height });

function readSpeed(text: string): number {
  const speed = Number(text);
  if (!(speed >= 0.1 && speed <= 100)) throw new InvalidArgumentError('It takes a number from 0.1 to 100.');
  return speed;
}
