import { once } from 'node:events';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Host, openHost } from '../../engine/host/host.ts';
import { type Served, serve } from '../../engine/host/serve.ts';
import { findHome } from '../../engine/sessions/home.ts';
import { temporaryHome } from '../support/cli.ts';
import { connectTo } from './carried-clients.ts';

const home = temporaryHome();
let host: Host;
let served: Served;

beforeAll(async () => {
  host = await openHost(findHome({ HOOKPOINT_HOME: home.folder }));
  served = await serve(host);
});
afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** As any program on this machine can ask, with the headers that it likes. */
async function ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port: served.port, path, headers });
  asked.end();
  const [response] = await once(asked, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** The status with which an upgrade to a WebSocket was answered; 101 where it was let in. */
async function upgrade(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}${path}`, { headers });
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    socket.on('open', () => {
      resolve(101);
      socket.terminate();
    });
    socket.on('error', reject);
  });
}

const withToken = (path = '/') => `${path}?hookpoint-token=${served.token}`;
const own = () => `127.0.0.1:${served.port}`;

async function expectItGoesOn(): Promise<void> {
  const { client } = await connectTo(served)();
  expect((await client.engine.status()).version).toBeTruthy();
}

test('the printed address is let in, and its cookie after that', async () => {
  const { status, headers, body } = await ask(withToken());
  expect(status).toBe(200);
  expect(body).toContain('<title>Hookpoint</title>');
  const [cookie] = headers['set-cookie'] ?? [];
  expect(cookie).toContain('HttpOnly');
  expect(cookie).toContain('SameSite=Strict');
  const pair = cookie?.split(';')[0] ?? '';
  expect((await ask('/', { cookie: pair })).status).toBe(200);
  expect(await upgrade('/rpc', { cookie: pair, origin: `http://${own()}` })).toBe(101);
});

test('pages run nothing from elsewhere, tell nobody where they are, and stand in no frame', async () => {
  const { headers } = await ask(withToken());
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self'(;|$)/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers['referrer-policy']).toBe('no-referrer');
  expect(headers['x-content-type-options']).toBe('nosniff');
});

test.each([
  ['no token', '/', {}],
  ['a wrong token', '/?hookpoint-token=x', {}],
  ['a token that is longer', () => `${withToken()}x`, {}],
  ['an empty token', '/?hookpoint-token=', {}],
  ['a wrong cookie', '/', () => ({ cookie: `hookpoint-token-${served.port}=nonsense; =; x` })],
  ["another port's cookie", '/', () => ({ cookie: `hookpoint-token-1=${served.token}` })],
  ['a wrong bearer', '/api/engine/status', { authorization: 'Bearer nonsense' }],
] as const)('%s is 401, for a page and for a WebSocket', async (_, path, headers) => {
  const where = typeof path === 'function' ? path() : path;
  const said = typeof headers === 'function' ? headers() : headers;
  const { status, body } = await ask(where, said);
  expect(status).toBe(401);
  expect(body).toContain('hookpoint serve');
  expect(await upgrade(where.replace(/^[^?]*/, '/rpc'), said)).toBe(401);
});

test.each([
  ['a foreign name that points here', { host: 'evil.example' }],
  ['a name that only begins like ours', { host: '127.0.0.1.evil.example' }],
  ['a foreign name with our port', () => ({ host: `evil.example:${served.port}` })],
  ['a page of another origin', { origin: 'https://evil.example' }],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }],
  ['a page without an origin', { origin: 'null' }],
] as const)('%s is 403, token or not', async (_, headers) => {
  const said = typeof headers === 'function' ? headers() : headers;
  expect((await ask(withToken(), said)).status).toBe(403);
  expect(await upgrade(withToken('/rpc'), said)).toBe(403);
});

test('the near end of a tunnel may have another port', async () => {
  expect((await ask(withToken(), { host: 'localhost:9999' })).status).toBe(200);
  expect(await upgrade(withToken('/rpc'), { host: 'localhost:9999', origin: 'http://localhost:9999' })).toBe(101);
});

test('a WebSocket elsewhere than at /rpc is 404', async () => {
  expect(await upgrade(withToken('/other'))).toBe(404);
});

test.each(['//', '//evil.example/', '/%', '/%ff%fe', '/..%2f..%2fpackage.json', '/../../package.json', '*'])(
  'the odd path %s gives nothing away and ends nothing',
  async (path) => {
    const socket = createConnection(served.port, '127.0.0.1');
    socket.end(`GET ${path}?hookpoint-token=${served.token} HTTP/1.1\r\nHost: ${own()}\r\nConnection: close\r\n\r\n`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 [234]\d\d /);
    expect(answer).not.toContain('"dependencies"');
    await expectItGoesOn();
  },
);

test('who is refused and hangs up at once ends nothing', async () => {
  for (let number = 0; number < 50; number++) {
    const socket = createConnection(served.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`GET /rpc HTTP/1.1\r\nHost: evil\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    socket.resetAndDestroy();
  }
  await expectItGoesOn();
});
