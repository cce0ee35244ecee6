import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { startCli } from './cli.ts';

/** `hookpoint serve` as a process of its own. */
export interface ServedProcess extends AsyncDisposable {
  /** With the token, as it was printed. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly pid: number;
  /** kill -9. */
  kill(): Promise<void>;
}

export interface ServedOptions {
  readonly home: string;
  readonly port?: number;
  readonly token?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the browser host and waits until it has said where it is. */
export async function startServe(options: ServedOptions): Promise<ServedProcess> {
  const { child, ended } = startCli(['serve', '--json', ...(options.port ? ['--port', String(options.port)] : [])], {
    home: options.home,
    env: { ...options.env, ...(options.token === undefined ? {} : { HOOKPOINT_SERVE_TOKEN: options.token }) },
  });
  if (!child.stdout || child.pid === undefined) throw new Error('serve has no output');
  const early = ended.then(({ stderr }) => Promise.reject(new Error(`serve ended: ${stderr}`)));
  early.catch(() => undefined); // it ends sometime; before it has said where it is, is what matters
  const { url, port } = await Promise.race([addressSaid(child.stdout), early]);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    url,
    port,
    token: new URL(url).searchParams.get('hookpoint-token') ?? '',
    pid: child.pid,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}

/** What `serve --json` prints: one object over several lines. */
async function addressSaid(output: Readable): Promise<{ readonly url: string; readonly port: number }> {
  let said = '';
  while (!said.endsWith('}\n')) said += String((await once(output, 'data'))[0]);
  return JSON.parse(said);
}
