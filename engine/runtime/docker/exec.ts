import { once } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { HookpointError } from '../../contract/error.ts';
import type { AttachedExec, AttachOptions, ExecOptions, ExecResult } from '../container.ts';
import { dockerFailure } from './failure.ts';

/**
 * Docker leaves an exec whose user types these keys, and holds back those that begin them until the next key. Its default begins with
 * Ctrl-P, which a shell's history is called up with; Ctrl-^ means something in few programs, and a sequence of four in none.
 */
export const detachKeys = 'ctrl-^,ctrl-@,ctrl-^,ctrl-@';

/** Starts a command in a running container with its streams in the caller's hands. */
export async function attachExec(
  container: Docker.Container,
  argv: readonly string[],
  options: AttachOptions & { readonly withStdin: boolean },
): Promise<AttachedExec> {
  const { terminal, signal } = options;
  signal?.throwIfAborted();
  const tty = terminal !== undefined;
  try {
    const exec = await container.exec({
      Cmd: [...argv],
      AttachStdin: options.withStdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: tty,
      ...(terminal === undefined
        ? {}
        : { Env: ['TERM=xterm-256color'], ConsoleSize: [terminal.rows, terminal.columns], DetachKeys: detachKeys }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    const stream = await exec.start({ hijack: true, stdin: options.withStdin, Tty: tty });
    const destroy = () => stream.destroy();
    signal?.addEventListener('abort', destroy, { once: true });
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const pumped = tty ? pumpTerminal(stream, stdout, stderr) : demultiplex(stream, stdout, stderr);
    const exited = pumped
      .then(() => exitCode(exec, signal))
      .finally(() => {
        signal?.removeEventListener('abort', destroy);
        stream.destroy();
      });
    exited.catch(() => undefined); // whoever awaits `exited` sees the failure; nobody has to
    const resize = async (size: { columns: number; rows: number }): Promise<void> => {
      await exec.resize({ w: size.columns, h: size.rows });
    };
    // Docker 20.10 ignores ConsoleSize.
    if (terminal !== undefined) await resize(terminal);
    return { stdin: stream, stdout, stderr, resize, exited };
  } catch (error) {
    throw dockerFailure(error, `run ${argv[0] ?? 'a command'} in the container`);
  }
}

/** Runs a command to its end. */
export async function runExec(
  container: Docker.Container,
  argv: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const limit = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout);
  const signals = [options.signal, limit].filter((signal) => signal !== undefined);
  const signal = signals.length === 0 ? undefined : AbortSignal.any(signals);
  try {
    const exec = await attachExec(container, argv, {
      withStdin: options.stdin !== undefined,
      ...(signal === undefined ? {} : { signal }),
    });
    if (options.stdin !== undefined) exec.stdin.end(options.stdin);
    const [stdout, stderr, exitCode] = await Promise.all([text(exec.stdout), text(exec.stderr), exec.exited]);
    return { exitCode, stdout, stderr };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (limit?.aborted) {
      throw new HookpointError('TIMED_OUT', `${argv[0] ?? 'A command'} did not end within ${options.timeout} ms.`, {
        remedy: 'Try again when the machine has less to do; stop labs that you no longer need.',
        cause: error,
      });
    }
    throw error;
  }
}

async function pumpTerminal(source: NodeJS.ReadableStream, stdout: Writable, stderr: Writable): Promise<void> {
  try {
    for await (const chunk of source) await write(stdout, chunk as Buffer);
  } finally {
    stdout.end();
    stderr.end();
  }
}

/**
 * Parts Docker's stream of frames into stdout and stderr: a header of eight bytes (1 stdout or 2 stderr, three zeros, the payload's
 * length as big-endian), then the payload. Waits for whoever reads, so that a flood stays in the kernel's buffers.
 *
 * Source: https://docs.docker.com/reference/api/engine/ ("Stream format" of ContainerAttach)
 */
async function demultiplex(source: NodeJS.ReadableStream, stdout: Writable, stderr: Writable): Promise<void> {
  let header = Buffer.alloc(0);
  let target = stdout;
  let missing = 0;
  try {
    for await (const chunk of source) {
      let rest = chunk as Buffer;
      while (rest.length > 0) {
        if (missing === 0) {
          const taken = rest.subarray(0, 8 - header.length);
          header = Buffer.concat([header, taken]);
          rest = rest.subarray(taken.length);
          if (header.length < 8) continue;
          target = header[0] === 2 ? stderr : stdout;
          missing = header.readUInt32BE(4);
          header = Buffer.alloc(0);
        } else {
          const payload = rest.subarray(0, missing);
          missing -= payload.length;
          rest = rest.subarray(payload.length);
          await write(target, payload);
        }
      }
    }
  } finally {
    stdout.end();
    stderr.end();
  }
}

async function write(target: Writable, chunk: Buffer): Promise<void> {
  if (!target.destroyed && !target.write(chunk)) await Promise.race([once(target, 'drain'), once(target, 'close')]);
}

/** Docker closes the streams a moment before it knows the exit code. */
async function exitCode(exec: Docker.Exec, signal: AbortSignal | undefined): Promise<number> {
  for (let wait = 1; ; wait = Math.min(wait * 2, 100)) {
    signal?.throwIfAborted();
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await delay(wait);
  }
}
