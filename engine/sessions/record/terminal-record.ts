import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TerminalSize } from '../../contract/procedures/terminals.ts';
import { castHeader, castLine } from '../../terminals/asciicast.ts';
import { notRecorded, type TerminalRecording } from '../../terminals/recording.ts';
import type { Home } from '../home.ts';
import { fileSizes, makeRecordFolder, terminalsFolder } from './record-folder.ts';

/** What is kept of one terminal, and of a session's together. */
export const mostBytesOfTerminal = 4 << 20;
export const mostBytesOfSession = 32 << 20;
export const mostTerminals = 500;

/** A flood: so many characters at once, and then so many a second. A person reads a screen of 2,000 in that time. */
const atOnce = 256 * 1024;
const perSecond = 32 * 1024;

/** Milliseconds after which what was shown is on the disk: what a killed engine loses. */
const beat = 250;

/** The size of the whole folder is looked at again after so many bytes of one terminal. */
const countEvery = 256 * 1024;

export interface RecordOptions {
  readonly session: string;
  readonly node: string;
  readonly size: TerminalSize;
}

/**
 * Keeps a terminal in sessions/ID/terminals/NODE-N.cast, in whole lines some moments behind. What a flood adds and what no longer has room is left
 * out with a remark. A disk that is full, or a folder that cannot be written, ends the recording and nothing else.
 */
export function recordTerminal(home: Home, { session, node, size }: RecordOptions): TerminalRecording {
  const folder = terminalsFolder(home, session);
  const used = () => [...fileSizes(folder).values()].reduce((sum, bytes) => sum + bytes, 0);
  const header = castHeader(size, { title: node, timestamp: Math.floor(Date.now() / 1000) });
  const file = attempt(() => {
    makeRecordFolder(home, folder);
    return used() >= mostBytesOfSession ? null : newFile(folder, node, header);
  });
  if (file === null) return notRecorded;
  return new TerminalRecord({
    file,
    begun: header.length,
    hasRoom: () => (attempt(used) ?? mostBytesOfSession) < mostBytesOfSession,
  });
}

/** NODE-N.cast for the first N that is free, with its header; null where there are too many. */
function newFile(folder: string, node: string, header: string): string | null {
  const known = fileSizes(folder);
  if (known.size >= mostTerminals) return null;
  for (let number = 1; number <= mostTerminals; number += 1) {
    const file = join(folder, `${node}-${number}.cast`);
    if (known.has(`${node}-${number}.cast`)) continue;
    const handle = openNew(file);
    if (handle === null) continue;
    try {
      writeSync(handle, header);
    } finally {
      closeSync(handle);
    }
    return file;
  }
  return null;
}

/** null where another process took the name in this moment. */
function openNew(file: string): number | null {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return null;
    throw error;
  }
}

/** To a file that is there: one that was removed does not come back. */
function append(file: string, text: string): void {
  const handle = openSync(file, constants.O_WRONLY | constants.O_APPEND);
  try {
    writeFileSync(handle, text);
  } finally {
    closeSync(handle);
  }
}

class TerminalRecord implements TerminalRecording {
  readonly #file: string;
  readonly #hasRoom: () => boolean;
  readonly #begun = performance.now();
  #lines: string[] = [];
  #waiting = 0;
  #written: number;
  #counted: number;
  #allowance = atOnce;
  #allowedAt = performance.now();
  /** Characters of the flood that goes on. */
  #leftOut = 0;
  #over = false;
  #timer: NodeJS.Timeout | null = null;

  constructor({ file, begun, hasRoom }: { file: string; begun: number; hasRoom: () => boolean }) {
    this.#file = file;
    this.#hasRoom = hasRoom;
    this.#written = begun;
    this.#counted = begun;
  }

  output(data: string): void {
    if (this.#over) return;
    if (!this.#take(data.length)) {
      this.#leftOut += data.length;
      return;
    }
    this.#add('o', this.#leftOut > 0 ? this.#afterFlood(data) : data);
  }

  resize({ columns, rows }: TerminalSize): void {
    if (!this.#over) this.#add('r', `${columns}x${rows}`);
  }

  end(): void {
    if (this.#leftOut > 0 && !this.#over) this.#add('o', this.#afterFlood(''));
    this.#over = true;
    this.#flush();
  }

  /** A flood ends where half of what is allowed at once is there again: else a line in a hundred of it would be kept. */
  #take(characters: number): boolean {
    const now = performance.now();
    this.#allowance = Math.min(atOnce, this.#allowance + ((now - this.#allowedAt) / 1000) * perSecond);
    this.#allowedAt = now;
    const asked = this.#leftOut > 0 ? Math.max(characters, perSecond) : characters;
    if (this.#allowance < asked) {
      // While it floods, nothing is saved up.
      if (this.#leftOut > 0) this.#allowance = Math.max(0, this.#allowance - characters);
      return false;
    }
    this.#allowance -= characters;
    return true;
  }

  /** Says what is missing. What follows begins with a line of its own, for a half control sequence would be shown. */
  #afterFlood(data: string): string {
    this.#add('m', `${this.#leftOut} characters left out`);
    this.#leftOut = 0;
    return `\x1b[0m\r\n${data.slice(data.indexOf('\n') + 1)}`;
  }

  #add(code: 'o' | 'r' | 'm', data: string): void {
    const line = castLine([(performance.now() - this.#begun) / 1000, code, data]);
    const bytes = Buffer.byteLength(line);
    this.#written += bytes;
    if (this.#written > mostBytesOfTerminal - 1024 || !this.#sessionHasRoom()) {
      this.#over = true;
      this.#lines.push(castLine([(performance.now() - this.#begun) / 1000, 'm', 'no more is kept of this terminal']));
      this.#flush();
      return;
    }
    this.#lines.push(line);
    this.#waiting += bytes;
    if (this.#waiting > 64 * 1024) this.#flush();
    this.#timer ??= setTimeout(() => this.#flush(), beat).unref();
  }

  #sessionHasRoom(): boolean {
    if (this.#written - this.#counted < countEvery) return true;
    this.#counted = this.#written;
    return this.#hasRoom();
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#lines.length === 0) return;
    const lines = this.#lines.join('');
    this.#lines = [];
    this.#waiting = 0;
    try {
      // At once, since a process may end right after its terminal. So much at a time takes the page cache some microseconds.
      append(this.#file, lines);
    } catch (error) {
      // The disk is full, or `clean` took the file: the terminal goes on.
      if (!(error instanceof Error && 'code' in error)) throw error;
      this.#stop();
    }
  }

  #stop(): void {
    this.#over = true;
    this.#lines = [];
  }
}

/** A failure of the disk is no failure of the terminal: null. */
function attempt<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
