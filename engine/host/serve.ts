import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import sirv from 'sirv';
import { WebSocketServer } from 'ws';
import { desktopOrigin } from '../contract/desktop-shell.ts';
import { HookpointError } from '../contract/error.ts';
import { tokenName } from '../contract/token-name.ts';
import { programFolder } from '../runtime/program-folder.ts';
import { addressOf, cookieFor, type Refusal, refuse } from './admission.ts';
import type { CallContext } from './call-context.ts';
import type { Host } from './host.ts';
import { largestMessage } from './largest-message.ts';
import { OpenCalls } from './open-calls.ts';
import { pageHeaders } from './page-headers.ts';

export interface Served extends AsyncDisposable {
  /** To open in a browser; carries the token of this run. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
}

export interface ServeOptions {
  /** 0 or nothing: any that is free. */
  readonly port?: number;
  /** For windows that are to come back after a restart; a fresh one otherwise. */
  readonly token?: string;
}

/**
 * The browser host: the app's files, the contract over a WebSocket at /rpc and over plain HTTP below /api, on loopback alone. BAD_INPUT where
 * the port is taken, NOT_BUILT where the app is not there.
 */
export async function serve(host: Host, options: ServeOptions = {}): Promise<Served> {
  const token = options.token ?? randomBytes(24).toString('base64url');
  const files = appFiles();
  // They all come with the same token: one client.
  const scripts: CallContext = { host, calls: new OpenCalls() };
  const headers = Object.entries(pageHeaders());
  const server = createServer((request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    const refusal = refuse(request, token);
    if (refusal) return end(response, refusal.status, refusal.message);
    const cookie = cookieFor(request, token);
    if (cookie !== null) response.setHeader('set-cookie', cookie);
    answerScript(scripts, request, response).then(
      (answered) => {
        if (!answered) files(request, response, () => end(response, 404, 'There is nothing here.'));
      },
      (error: unknown) => {
        console.error('a request failed:', error);
        response.destroy();
      },
    );
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: largestMessage });
  server.on('upgrade', (request, socket, head) => {
    // Whoever asks may be gone before there is an answer.
    socket.on('error', () => undefined);
    const refusal = refuse(request, token, [desktopOrigin]);
    if (refusal) return refuseUpgrade(socket, refusal);
    if (addressOf(request)?.pathname !== '/rpc') {
      return refuseUpgrade(socket, { status: 404, message: 'There is nothing here.' });
    }
    void loadCarriers().then(({ serveWebSocket }) => {
      sockets.handleUpgrade(request, socket, head, (accepted) => {
        // A frame that is too large ends this connection with code 1009, and no other.
        accepted.on('error', () => undefined);
        serveWebSocket(host, accepted);
      });
    });
  });
  const port = await listen(server, options.port ?? 0);
  // While a browser loads the page, which needs none of it.
  setImmediate(() => void loadCarriers());
  return {
    url: `http://127.0.0.1:${port}/?${tokenName}=${token}`,
    port,
    token,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What answers windows: with all that stands behind it, it takes longer to load than all that a page needs. */
const loadCarriers = () => import('./carriers.ts');

/** The same contract for scripts, loaded when the first one asks. False for what is none of its addresses. */
async function answerScript(
  context: CallContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (!addressOf(request)?.pathname.startsWith('/api/')) return false;
  const { answerOverHttp } = await import('./openapi.ts');
  return answerOverHttp(context, request, response);
}

function refuseUpgrade(
  socket: Duplex,
  { status, message }: { status: Refusal['status'] | 404; message: string },
): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(message)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${message}`);
}

function appFiles(): ReturnType<typeof sirv> {
  const folder = join(programFolder(), 'dist/app');
  if (!existsSync(join(folder, 'index.html'))) {
    throw new HookpointError('NOT_BUILT', 'The app has not been built.', { remedy: '`npm run build:app` builds it.' });
  }
  return sirv(folder, { dev: process.env.NODE_ENV === 'development' });
}

function end(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (cause) {
    throw new HookpointError(
      'BAD_INPUT',
      `Port ${port} of 127.0.0.1 cannot be served: ${cause instanceof Error ? cause.message : cause}`,
      {
        remedy: 'Name another with --port, or none for any that is free.',
        cause,
      },
    );
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens nowhere');
  return address.port;
}
