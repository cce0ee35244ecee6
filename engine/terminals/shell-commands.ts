import { type ShellMark, ShellMarkReader } from './shell-marks.ts';

/** A command as its shell tells of it: the learner's word, for people to read. No verdict rests on it. */
export interface ShellCommand {
  /** null where the shell did not say, as for a line that its history does not keep. */
  readonly text: string | null;
  /** The machine that the shell says it runs on: another than the terminal's where somebody went on from there by ssh. */
  readonly host: string | null;
  /** Unix seconds. */
  readonly begun: number;
}

/** Who is told of a terminal's commands. */
export interface CommandFollower {
  begun(command: ShellCommand): void;
  /** Of the command that began last; `exitCode` is null where nobody said it. */
  ended(end: { readonly time: number; readonly exitCode: number | null }): void;
}

/** How far a shell's clock may be from the moment at which its mark is seen, in seconds. */
const believed = 10;

/** Text that is kept of one command. */
const mostCharacters = 4096;

/** Reads a terminal's output for the commands in it. Times are the shell's own where they are believable, else when the mark was seen. */
export class ShellCommandReader {
  readonly #follower: CommandFollower;
  readonly #marks = new ShellMarkReader((mark) => this.#take(mark));
  readonly #now: () => number;
  #text: string | null = null;
  #host: string | null = null;
  #said: number | null = null;
  #running = false;

  constructor(follower: CommandFollower, now: () => number = () => Date.now() / 1000) {
    this.#follower = follower;
    this.#now = now;
  }

  /** The output as people are to see it, without marks. */
  read(chunk: string): string {
    return this.#marks.read(chunk);
  }

  /** The shell has ended: so has what ran in it. What was held back of its output. */
  end(): string {
    this.#finish(this.#now(), null);
    return this.#marks.end();
  }

  #take(mark: ShellMark): void {
    switch (mark.kind) {
      case 'property':
        if (mark.name === 'Time') this.#said = Number(mark.value.replace(',', '.'));
        if (mark.name === 'Host') this.#host = mark.value.slice(0, 64);
        return;
      case 'command':
        this.#text = readable(mark.text);
        return;
      case 'executed':
        this.#begin();
        return;
      case 'finished':
        this.#finish(this.#time(), mark.exitCode);
        return;
      case 'prompt':
        // No command runs while a shell asks for one.
        this.#finish(this.#time(), null);
        return;
      case 'input':
        return;
    }
  }

  #begin(): void {
    const begun = this.#time();
    // Lines that were pasted together have no prompt between them.
    this.#finish(begun, null);
    this.#running = true;
    this.#follower.begun({ text: this.#text || null, host: this.#host, begun });
    this.#text = null;
    this.#host = null;
  }

  #finish(time: number, exitCode: number | null): void {
    if (!this.#running) return;
    this.#running = false;
    this.#follower.ended({ time, exitCode });
  }

  #time(): number {
    const seen = this.#now();
    const said = this.#said;
    this.#said = null;
    return said !== null && Math.abs(seen - said) <= believed ? said : seen;
  }
}

/** Of a text that comes from the node: no control characters but line ends and tabs, and no more than is kept. */
function readable(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .slice(0, mostCharacters)
    .trim();
}
