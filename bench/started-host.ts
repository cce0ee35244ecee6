import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process that serves a page and has said where. */
export interface StartedHost extends AsyncDisposable {
  readonly url: string;
}

const program = join(import.meta.dirname, '../cli/hookpoint.js');

const running = new Set<ChildProcess>();

/** Our own host, in the bench's data folder. */
export const startServe = (): Promise<StartedHost> => startHost([program, 'serve', '--json']);

/** Starts Node with these words and waits until it has printed an object with its address. Fails where it ends before. */
export async function startHost(argv: readonly string[]): Promise<StartedHost> {
  const child = spawn(process.execPath, [...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const closed = once(child, 'close').finally(() => running.delete(child));
  const end = async () => {
    child.kill();
    await closed;
  };
  const early = closed.then(([status, signal]) => Promise.reject(new Error(`the host ended with ${status ?? signal}`)));
  early.catch(() => undefined); // it ends sometime; before it has said where it is, is what matters
  let said = '';
  try {
    while (!said.endsWith('}\n')) said += String((await Promise.race([once(child.stdout, 'data'), early]))[0]);
  } catch (error) {
    await end();
    throw error;
  }
  return { url: /http:[^"\s]+/.exec(said)?.[0] ?? '', [Symbol.asyncDispose]: end };
}

/** For a bench that is broken off: nothing that it started stays. */
export function endStartedHosts(): void {
  for (const child of running) child.kill();
}
