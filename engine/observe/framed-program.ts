import type { AttachedExec, Container } from '../runtime/container.ts';
import { layout } from '../runtime/layout.ts';

/** What a streaming program of the image says: its letter and its bytes (images/lab-node/programs/framed_output.py). */
export interface ProgramFrame {
  readonly letter: string;
  readonly body: Buffer;
}

/** A program of the outer container that says things until it is left. It ends with its input, also where this process was killed. */
export interface FramedProgram extends AsyncDisposable {
  /** In order; one reader. While nobody reads, the program waits. */
  readonly frames: AsyncGenerator<ProgramFrame, void>;
  /** One JSON object. What comes after its end goes nowhere. */
  tell(command: object): void;
}

/** Starts `NAME.py REQUEST` in the outer container; it ends with the signal too, and its frames with it. Throws what attaching throws. */
export async function startFramedProgram(
  container: Container,
  name: string,
  request: object,
  signal?: AbortSignal,
): Promise<FramedProgram> {
  signal?.throwIfAborted();
  const program = `${layout.programs}/${name}.py`;
  const exec = await container.attach(['python3', '-I', '-S', '-B', program, JSON.stringify(request)]);
  exec.stdin.on('error', () => undefined); // it ended, which its frames tell
  const end = () => void exec.stdin.end();
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  const errors: Buffer[] = [];
  exec.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  return {
    frames: readFrames(exec, name, errors),
    tell: (command) => void (exec.stdin.writable && exec.stdin.write(`${JSON.stringify(command)}\n`)),
    async [Symbol.asyncDispose]() {
      end();
      signal?.removeEventListener('abort', end);
      exec.stdout.resume();
      await exec.exited.catch(() => undefined); // its container went away: it is over all the same
    },
  };
}

async function* readFrames(
  exec: AttachedExec,
  name: string,
  errors: readonly Buffer[],
): AsyncGenerator<ProgramFrame, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of exec.stdout) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const { frames, used } = cutFrames(rest);
    rest = rest.subarray(used);
    yield* frames;
  }
  const exitCode = await exec.exited;
  if (exitCode !== 0) {
    throw new Error(`${name}.py ended with ${exitCode}: ${Buffer.concat(errors).toString().trim().split('\n').at(-1)}`);
  }
}

const headSize = 5;

/** The frames that are whole, and how many bytes they take. */
export function cutFrames(data: Buffer): { readonly frames: readonly ProgramFrame[]; readonly used: number } {
  const frames: ProgramFrame[] = [];
  let used = 0;
  while (data.length - used >= headSize) {
    const end = used + headSize + data.readUInt32BE(used + 1);
    if (end > data.length) break;
    frames.push({ letter: data.toString('latin1', used, used + 1), body: data.subarray(used + headSize, end) });
    used = end;
  }
  return { frames, used };
}
