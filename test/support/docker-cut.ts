import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpoints } from '../../engine/runtime/docker/endpoints.ts';

/** A way to the real engine that can be cut or held: what a client sees of an engine that stops and is started again, or hangs. */
export interface DockerCut extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Nobody listens any more, and every connection ends. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Connections stay and are still taken, and nothing comes through any more: an engine that hangs. */
  hold(): void;
  /** What was said meanwhile goes on its way. */
  release(): void;
}

export async function openDockerCut(): Promise<DockerCut> {
  const [real] = endpoints();
  if (!real?.host.startsWith('unix://')) throw new Error(`the engine at ${real?.host} is behind no socket`);
  const target = real.host.slice('unix://'.length);
  const folder = mkdtempSync(join(tmpdir(), 'hookpoint-cut-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  const pairs = new Set<readonly [near: Socket, far: Socket]>();
  let held = false;
  const carry = (near: Socket) => {
    const far = createConnection({ path: target, allowHalfOpen: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => pair.map((one) => one.destroy()));
    }
    near.on('close', () => pairs.delete(pair));
    if (!held) connect(pair);
  };
  let server: Server | null = null;
  const cut = async () => {
    const closing = server;
    server = null;
    if (!closing) return;
    const closed = once(closing, 'close');
    closing.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const restore = async () => {
    server = createServer({ allowHalfOpen: true }, carry);
    server.listen(path);
    await once(server, 'listening');
  };
  await restore();
  return {
    address: `unix://${path}`,
    cut,
    restore,
    hold() {
      held = true;
      for (const pair of pairs) for (const socket of pair) socket.unpipe().pause();
    },
    release() {
      held = false;
      for (const pair of pairs) connect(pair);
    },
    async [Symbol.asyncDispose]() {
      await cut();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Both ways. */
function connect([near, far]: readonly [near: Socket, far: Socket]): void {
  near.pipe(far).pipe(near);
}
