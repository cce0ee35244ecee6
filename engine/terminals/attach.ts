import { randomUUID } from 'node:crypto';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import type { TerminalSize } from '../contract/procedures/terminals.ts';
import type { AttachedExec, Container } from '../runtime/container.ts';
import type { TerminalRecording } from './recording.ts';
import { type CommandFollower, ShellCommandReader } from './shell-commands.ts';
import { signalCommand, tagged } from './signal-command.ts';

/** A terminal of the caller's: what node:tty gives for stdin and stdout. */
export interface CallerTerminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Who is told of the commands, and who keeps what is shown. */
export interface KeptTerminal {
  readonly follower: CommandFollower;
  readonly record: (size: TerminalSize) => TerminalRecording;
}

/**
 * Runs a command of the outer container (normally a `runc exec` into a node) on the caller's terminal: raw, so that Ctrl-C goes to
 * the lab; resized with it. Ends with the command's exit code. On abort the command is hung up. Marks of its shell are read, not shown.
 */
export async function attachTerminal(
  container: Container,
  argv: readonly string[],
  terminal: CallerTerminal,
  signal?: AbortSignal,
  kept?: KeptTerminal,
): Promise<number> {
  const { input, output } = terminal;
  const tag = randomUUID();
  const attached = await container.attach(tagged(tag, argv), {
    terminal: sizeOf(output),
    ...(signal ? { signal } : {}),
  });
  const recording = kept?.record(sizeOf(output));
  const resize = () => {
    recording?.resize(sizeOf(output));
    attached.resize(sizeOf(output)).catch(() => undefined); // it may just have ended
  };
  let hungUp: Promise<void> | undefined;
  const hangUp = () => {
    hungUp = signalCommand(container, tag, 'SIGHUP').catch(() => undefined); // the container may be gone
  };
  const wasRaw = input.isRaw;
  output.on('resize', resize);
  signal?.addEventListener('abort', hangUp);
  input.setRawMode(true);
  try {
    input.pipe(attached.stdin);
    const shown = kept
      ? pipeline(attached.stdout, withoutMarks(kept.follower, recording), output, { end: false })
      : pipeline(attached.stdout, output, { end: false });
    const exitCode = await attached.exited;
    await shown;
    return exitCode;
  } finally {
    input.unpipe(attached.stdin);
    input.setRawMode(wasRaw);
    input.pause();
    output.off('resize', resize);
    recording?.end();
    signal?.removeEventListener('abort', hangUp);
    // Whoever aborts often ends right after us, and the shell in the lab would stay.
    await hungUp;
  }
}

function withoutMarks(follower: CommandFollower, recording: TerminalRecording | undefined): Transform {
  const decoder = new StringDecoder('utf8');
  const commands = new ShellCommandReader(follower);
  const kept = (data: string): string => {
    if (data !== '') recording?.output(data);
    return data;
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, kept(commands.read(decoder.write(chunk)))),
    flush: (done) => done(null, kept(commands.read(decoder.end()) + commands.end())),
  });
}

/** A command with the caller's streams, without a terminal. */
export interface StreamedCommand {
  readonly exited: Promise<number>;
  /** Sends a signal to the command and what it started in the foreground. */
  send(signal: NodeJS.Signals): Promise<void>;
}

/** Runs a command of the outer container with streams of the caller's; stdout and stderr stay apart. */
export async function attachStreams(
  container: Container,
  argv: readonly string[],
  streams: {
    readonly input: NodeJS.ReadableStream;
    readonly output: NodeJS.WritableStream;
    readonly errors: NodeJS.WritableStream;
  },
): Promise<StreamedCommand> {
  const tag = randomUUID();
  const attached = await container.attach(tagged(tag, argv));
  return {
    exited: passStreams(attached, streams),
    send: (signal) => signalCommand(container, tag, signal),
  };
}

async function passStreams(
  attached: AttachedExec,
  streams: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; errors: NodeJS.WritableStream },
): Promise<number> {
  // A command that does not read its input closes it; what we still had for it is then nobody's.
  attached.stdin.on('error', () => undefined);
  streams.input.pipe(attached.stdin);
  try {
    const [exitCode] = await Promise.all([
      attached.exited,
      pass(attached.stdout, streams.output),
      pass(attached.stderr, streams.errors),
    ]);
    return exitCode;
  } finally {
    streams.input.unpipe(attached.stdin);
    streams.input.pause();
  }
}

/** Who reads may stop: what comes after that is nobody's, and no failure. */
async function pass(source: Readable, target: NodeJS.WritableStream): Promise<void> {
  try {
    await pipeline(source, target, { end: false });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}

function sizeOf(output: NodeJS.WriteStream): TerminalSize {
  return { columns: output.columns || 80, rows: output.rows || 24 };
}
