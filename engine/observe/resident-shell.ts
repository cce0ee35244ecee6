import { randomBytes } from 'node:crypto';
import { asHookpointError, HookpointError } from '../contract/error.ts';
import type { AttachedExec, Container, ExecResult, RunScript } from '../runtime/container.ts';
import { createFrameReader, type FrameReader } from './shell-frames.ts';

export interface ResidentShell extends AsyncDisposable {
  /**
   * Runs one bash script in the outer container: a shell of its own (`exit`, `set -e`, `cd` and variables end with it), stdin empty.
   * Calls queue. A script that is aborted or takes longer than `timeout` is killed with everything it started in its
   * process group, and the calls behind it go on in a new shell.
   * Throws SESSION_LOST (the container is gone or stopped), TIMED_OUT, CANCELLED.
   */
  readonly run: RunScript;
}

/**
 * What the resident bash runs. `read -N` takes the script in large reads (a plain `read` from a pipe takes one byte a system
 * call), and counts bytes because of LC_ALL=C, which is not exported. The status goes to both streams, so that each is complete when its frame is.
 */
const loop = `LC_ALL=C
printf '%d\\n' $$
while IFS=' ' read -r nonce length; do
  IFS= read -r -N "$length" script || exit
  ( unset nonce length; eval "$script" ) </dev/null
  status=$?
  printf '%s %d\\n' "$nonce" "$status"
  printf '%s %d\\n' "$nonce" "$status" >&2
done`;

interface Shell {
  readonly exec: AttachedExec;
  readonly stdout: FrameReader;
  readonly stderr: FrameReader;
  /** In the container's pid namespace; also its process group, since runc starts every exec as a session leader. */
  readonly pid: number;
}

/** Opens one attached bash in a container; all later scripts go through it at the cost of a pipe instead of an exec. */
export async function openShell(container: Container, signal?: AbortSignal): Promise<ResidentShell> {
  let shell: Shell | null = await start(container, signal);
  let last: Promise<unknown> = Promise.resolve();
  let disposed = false;
  let busy = false;

  const runNow = async (script: string, options: Parameters<RunScript>[1] = {}): Promise<ExecResult> => {
    if (disposed) throw new HookpointError('INTERNAL', 'The shell of the session was closed before this script ran.');
    throwIfCancelled(options.signal);
    // One that ended while nothing ran in it (Docker was started anew) is no failure of this script.
    if (shell?.stdout.ended() || shell?.stderr.ended()) shell = null;
    shell ??= await start(container, options.signal);
    const current = shell;
    const finished = send(current, script);
    const interrupted = interruption(options);
    busy = true;
    try {
      return await Promise.race([finished, interrupted.promise]);
    } catch (error) {
      shell = null;
      finished.catch(() => undefined);
      await end(container, current);
      if (interrupted.happened()) throw error;
      throw await lost(container, error);
    } finally {
      busy = false;
      interrupted.clear();
    }
  };

  const run: RunScript = (script, options) => {
    const result = last.then(() => runNow(script, options));
    last = result.catch(() => undefined);
    return options?.signal === undefined ? result : abandonWhenAborted(result, options.signal);
  };

  return {
    run,
    async [Symbol.asyncDispose]() {
      disposed = true;
      const current = shell;
      if (current === null) return;
      if (busy) await end(container, current);
      current.exec.stdin.end();
      await current.exec.exited.catch(() => undefined);
    },
  };
}

async function start(container: Container, signal?: AbortSignal): Promise<Shell> {
  throwIfCancelled(signal);
  let exec: AttachedExec;
  try {
    exec = await container.attach(['bash', '--noprofile', '--norc', '-c', loop]);
  } catch (error) {
    throw await lost(container, error);
  }
  const stdout = createFrameReader(exec.stdout);
  const stderr = createFrameReader(exec.stderr);
  // A broken pipe shows as the end of the streams, where it is reported; without a listener it would end the process.
  exec.stdin.on('error', () => undefined);
  exec.exited.catch(() => undefined);
  try {
    const pid = Number((await stdout.until('\n')).body);
    return { exec, stdout, stderr, pid };
  } catch (error) {
    throw await lost(container, error);
  }
}

async function send(shell: Shell, script: string): Promise<ExecResult> {
  const nonce = randomBytes(16).toString('hex');
  const body = Buffer.from(script, 'utf8');
  const both = Promise.all([shell.stdout.frame(nonce), shell.stderr.frame(nonce)]);
  shell.exec.stdin.write(Buffer.concat([Buffer.from(`${nonce} ${body.length}\n`), body]));
  const [out, err] = await both;
  return { exitCode: Number(out.trailer), stdout: out.body, stderr: err.body };
}

/** Kills a shell and what it runs. When the container is gone there is nothing to kill. */
async function end(container: Container, shell: Shell): Promise<void> {
  shell.exec.stdin.end();
  shell.stdout.stop();
  shell.stderr.stop();
  await container
    .exec(['bash', '-c', `kill -KILL -- -${shell.pid} 2>/dev/null; true`], { timeout: 10_000 })
    .catch(() => undefined);
}

/** Why the shell cannot be had: the container is gone, Docker does not answer, or else what went wrong. */
async function lost(container: Container, error: unknown): Promise<HookpointError> {
  let state: Awaited<ReturnType<Container['state']>>;
  try {
    state = await container.state();
  } catch (unanswered) {
    // Docker does not answer: nobody can say that the container is gone.
    return asHookpointError(unanswered);
  }
  if (state === null || state.status === 'stopped') {
    return new HookpointError(
      'SESSION_LOST',
      `The session's container ${state === null ? 'is gone' : 'has stopped'}.`,
      {
        remedy: 'Start the lab again, or remove what is left with `hookpoint clean`.',
        cause: error,
      },
    );
  }
  if (error instanceof HookpointError) return error;
  return new HookpointError('NODE_FAILED', `The shell in the session's container ended before the script did.`, {
    remedy: 'Try again; the next command opens a new shell.',
    cause: error,
  });
}

function interruption(options: { readonly signal?: AbortSignal; readonly timeout?: number }) {
  let happened = false;
  let timer: NodeJS.Timeout | undefined;
  const listening = new AbortController();
  const promise = new Promise<never>((_, reject) => {
    const stop = (error: HookpointError) => {
      happened = true;
      reject(error);
    };
    options.signal?.addEventListener('abort', () => stop(cancelled()), { once: true, signal: listening.signal });
    const { timeout } = options;
    if (timeout === undefined) return;
    timer = setTimeout(
      () =>
        stop(
          new HookpointError(
            'TIMED_OUT',
            `A script in the session's container took longer than ${timeout / 1000} seconds.`,
            { remedy: 'Try again when the machine has less to do; stop labs that you no longer need.' },
          ),
        ),
      timeout,
    );
  });
  promise.catch(() => undefined);
  const clear = () => {
    clearTimeout(timer);
    listening.abort();
  };
  return { promise, clear, happened: () => happened };
}

/** A call that waits in the queue answers its abort at once; the queue itself goes on in order. */
function abandonWhenAborted(result: Promise<ExecResult>, signal: AbortSignal): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(cancelled());
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function cancelled(): HookpointError {
  return new HookpointError('CANCELLED', 'Cancelled.');
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}
