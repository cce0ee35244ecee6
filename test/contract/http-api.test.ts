import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contract } from '../../engine/contract/contract.ts';
import { type Host, openHost } from '../../engine/host/host.ts';
import { type Served, serve } from '../../engine/host/serve.ts';

const home = mkdtempSync(join(tmpdir(), 'hookpoint-api-'));
let host: Host;
let served: Served;

beforeAll(async () => {
  process.env.HOOKPOINT_HOME = home;
  host = await openHost();
  served = await serve(host);
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});

const ask = (path: string, options: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${served.port}/api/${path}`, {
    ...options,
    headers: { authorization: `Bearer ${served.token}`, 'content-type': 'application/json', ...options.headers },
  });

test('the OpenAPI document has every procedure of the contract', async () => {
  const document = (await (await ask('openapi.json')).json()) as { paths: object };
  const wanted = Object.entries(contract).flatMap(([group, procedures]) =>
    Object.keys(procedures).map((name) => `/${group}/${name}`),
  );
  expect(Object.keys(document.paths).sort()).toEqual(wanted.sort());
});

test('a procedure answers JSON to a POST', async () => {
  const response = await ask('library/list', { method: 'POST' });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ packs: [{ id: 'netfilter' }] });
});

test('a failure has its code, its sentence and its status', async () => {
  const response = await ask('lab/get', { method: 'POST', body: '{"session":"nothing-here"}' });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('nothing-here') });
});

test('a body that fits no schema is bad input', async () => {
  const response = await ask('lab/get', { method: 'POST', body: '{"session":7}' });
  expect(response.status).toBe(400);
  const problems = [{ message: expect.stringContaining('session') }];
  expect(await response.json()).toMatchObject({ code: 'BAD_INPUT', data: { problems } });
});

test('a stream comes as server-sent events, and ends with its reader', async () => {
  const left = new AbortController();
  const response = await ask('engine/watch', { method: 'POST', signal: left.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (reader && !text.includes('data:')) text += (await reader.read()).value ?? '';
  expect(text).toContain('"version"');
  left.abort();
});

test('what is no procedure is 404, and nothing at all without the token', async () => {
  expect((await ask('no/such', { method: 'POST' })).status).toBe(404);
  expect((await ask('library/list', { method: 'POST', headers: { authorization: 'Bearer x' } })).status).toBe(401);
});

/** A request whose body does not come. */
async function unfinished(): Promise<Socket> {
  const socket = connect(served.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined); // the test hangs up
  const lines = [
    'POST /api/lab/get HTTP/1.1',
    `Host: 127.0.0.1:${served.port}`,
    `Authorization: Bearer ${served.token}`,
    'Content-Type: application/json',
    'Content-Length: 1000',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

const statusOf = async () => (await ask('preferences/read', { method: 'POST' })).status;

test('a hundred calls at once are enough: one more is refused with 429 until others have ended', async () => {
  const sockets = await Promise.all(Array.from({ length: 100 }, unfinished));
  await expect.poll(statusOf).toBe(429);
  expect(await (await ask('preferences/read', { method: 'POST' })).json()).toMatchObject({
    code: 'LIMIT_REACHED',
    data: { remedy: expect.stringMatching(/./) },
  });
  for (const socket of sockets) socket.destroy();
  await expect.poll(statusOf).toBe(200);
});

test('two hundred streams at once are enough, and those that were left do not count', async () => {
  const before = host.changes.followers;
  const left = new AbortController();
  for (let number = 0; number < 200; number++) await ask('results/watch', { method: 'POST', signal: left.signal });
  await expect.poll(() => host.changes.followers).toBe(before + 200);
  const refused = await ask('results/watch', { method: 'POST' });
  expect(await refused.text()).toContain('LIMIT_REACHED');
  left.abort();
  await expect.poll(() => host.changes.followers).toBe(before);
  expect(await statusOf()).toBe(200);
});
