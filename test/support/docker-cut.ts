import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpoints } from '../../engine/runtime/docker/endpoints.ts';

/** A way to the real engine that can be cut: what a client sees of an engine that stops and is started again. */
export interface DockerCut extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Nobody listens any more, and every connection ends. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

export async function openDockerCut(): Promise<DockerCut> {
  const [real] = endpoints();
  if (!real?.host.startsWith('unix://')) throw new Error(`the engine at ${real?.host} is behind no socket`);
  const target = real.host.slice('unix://'.length);
  const folder = mkdtempSync(join(tmpdir(), 'hookpoint-cut-'));
  const path = join(folder, 'docker.sock');
  const sockets = new Set<Socket>();
  const carry = (near: Socket) => {
    const far = createConnection({ path: target, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => [near, far].map((one) => one.destroy()));
    }
    near.pipe(far).pipe(near);
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
    async [Symbol.asyncDispose]() {
      await cut();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
