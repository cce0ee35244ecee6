import { StringDecoder } from 'node:string_decoder';
import { HookpointError } from '../contract/error.ts';
import type { Container } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';
import { parseRecords, type TimelineRecord } from './records.ts';

/** Some lines of the recorder's file. */
export interface TimelineChunk {
  /** The recorder has shortened its file: what was read before is to be forgotten, and this is its beginning. */
  readonly anew: boolean;
  readonly records: readonly TimelineRecord[];
  /** Everything that was there at the beginning has been told with this chunk or before. */
  readonly caughtUp: boolean;
}

/**
 * The timeline from its beginning and then as the recorder writes it, a moment after it happened, until the signal is aborted. Costs nothing
 * while nothing happens. Throws NODE_FAILED where it ends by itself, and what attaching throws.
 */
export async function* followTimeline(container: Container, signal: AbortSignal): AsyncGenerator<TimelineChunk, void> {
  if (signal.aborted) return;
  const exec = await container.attach(['python3', '-I', '-S', '-B', `${layout.programs}/timeline_follow.py`]);
  exec.stdin.on('error', () => undefined); // it has ended already
  let said = '';
  exec.stderr.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-2000);
  });
  exec.exited.catch(() => undefined); // awaited below, where it ended by itself
  const leave = () => {
    exec.stdin.end();
    exec.stdout.destroy();
  };
  signal.addEventListener('abort', leave);
  const reader = new ChunkReader();
  try {
    for await (const data of exec.stdout) yield* reader.read(data as Buffer);
    const exitCode = await exec.exited;
    if (said.includes("can't open file")) throw startedByOlder();
    throw new HookpointError('NODE_FAILED', `The session's timeline cannot be followed: ${said.trim() || exitCode}`, {
      remedy: 'It is tried again by itself. If it goes on, stop the lab and start it anew.',
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', leave);
    leave();
  }
}

/** Its container has the programs that it was started with. */
const startedByOlder = () =>
  new HookpointError(
    'NODE_FAILED',
    'This lab was started by an older Hookpoint, and what happens in it cannot be shown as it happens.',
    {
      remedy: 'Checks and terminals go on as before. Stop it and resume it to have everything.',
    },
  );

/** What the program said, piece by piece, as chunks. */
class ChunkReader {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #caughtUp = false;

  *read(data: Buffer): Generator<TimelineChunk, void> {
    const text = this.#rest + this.#decoder.write(data);
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(end);
    let anew = false;
    let from = 0;
    // The program's own lines are few: the file's lines between them are read together.
    for (const own of text.slice(0, end).matchAll(ownLine)) {
      if (own.index > from || anew) yield this.#chunk(anew, text.slice(from, own.index));
      from = own.index + own[0].length;
      anew = own[1] === 'anew';
      if (own[1] === 'here') {
        this.#caughtUp = true;
        if (from === end) yield this.#chunk(false, '');
      }
    }
    if (end > from || anew) yield this.#chunk(anew, text.slice(from, end));
  }

  #chunk(anew: boolean, text: string): TimelineChunk {
    return { anew, records: parseRecords(text), caughtUp: this.#caughtUp };
  }
}

const ownLine = /^\{"kind":"(here|anew)"\}\n/gm;
