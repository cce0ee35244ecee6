import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programFile } from './cli.ts';

/** `hookpoint serve` as a process of its own. Ended as Ctrl-C does when it is disposed of. */
export interface ServedEngine extends AsyncDisposable {
  /** With the token of this run. */
  readonly url: string;
}

export async function startServedEngine(home: string): Promise<ServedEngine> {
  const child = spawn(process.execPath, [programFile, 'serve'], {
    env: { ...process.env, HOOKPOINT_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  // It says where it is as soon as it can be reached.
  const line = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended]);
  const [url] = /http:\S+/.exec(String(line[0])) ?? [];
  if (url === undefined) throw new Error(`hookpoint serve did not say where it is: ${line}`);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
