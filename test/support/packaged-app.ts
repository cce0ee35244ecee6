import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const root = dirname(dirname(import.meta.dirname));

/** The unpacked package as `npm run dist -- --dir` makes it, around an Electron that is there; its folder. */
export function buildPackage(electronDist: string): string {
  const config = join(root, 'dist/electron-builder.test.yml');
  const output = join(root, 'dist/packages');
  rmSync(output, { recursive: true, force: true });
  run(['scripts/build.ts']);
  // A fuse that this old Electron does not have yet.
  const lines = readFileSync(join(root, 'electron-builder.yml'), 'utf8').split('\n');
  writeFileSync(config, lines.filter((line) => !line.includes('grantFileProtocolExtraPrivileges')).join('\n'));
  run([
    'node_modules/electron-builder/cli.js',
    ...['--dir', '--linux', '--config', config, '--projectDir', root, `-c.electronDist=${electronDist}`],
  ]);
  return join(output, 'linux-unpacked');
}

function run(argv: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv[0]} ended with ${status}:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`);
}

export interface PackagedWindow extends AsyncDisposable {
  /** The address of its page, as soon as there is one. */
  address(): Promise<string | null>;
  /** What an expression comes to in the page, promises awaited. */
  evaluate(expression: string): Promise<unknown>;
}

/** A packaged app lets nobody into its main process, so Playwright's driver cannot; its page is asked by the renderer's own protocol. */
export async function openPackaged(
  executable: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<PackagedWindow> {
  const child = spawn(executable, ['--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', ...words], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const listening = Promise.withResolvers<string>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, host] = /^DevTools listening on ws:\/\/([^/]+)/.exec(line) ?? [];
    if (host !== undefined) listening.resolve(host);
  });
  const host = await Promise.race([listening.promise, ended.then(() => null)]);
  if (host === null) throw new Error('the packaged app ended before it listened');
  const target = async (): Promise<Target | null> => {
    const targets: readonly Target[] = await (await fetch(`http://${host}/json/list`)).json();
    return targets.find(({ type }) => type === 'page') ?? null;
  };
  return {
    address: async () => (await target())?.url ?? null,
    evaluate: async (expression) => evaluate((await target())?.webSocketDebuggerUrl ?? '', expression),
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

/** An entry of the list that the renderer's protocol gives of its pages. */
interface Target {
  readonly type: string;
  readonly url: string;
  readonly webSocketDebuggerUrl: string;
}

async function evaluate(address: string, expression: string): Promise<unknown> {
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const params = { expression, awaitPromise: true, returnByValue: true };
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  const [answer] = await once(socket, 'message');
  socket.close();
  return JSON.parse(String(answer.data)).result?.result?.value;
}
