import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { serveMessagePort } from '../../engine/host/carriers.ts';
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

async function rawClient(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/rpc?hookpoint-token=${served.token}`);
  await once(socket, 'open');
  return socket;
}

async function expectItGoesOn(): Promise<void> {
  const { client } = await connectTo(served)();
  expect((await client.engine.status()).version).toBeTruthy();
}

const call = (id: number, path: string, input?: unknown) =>
  JSON.stringify({ i: String(id), p: { u: path, b: { json: input } } });

interface WireAnswer {
  readonly i: string;
  readonly p: { readonly s?: number; readonly b?: { readonly json: { readonly code?: string } } };
}

test.each<[string, string | Buffer]>([
  ['no JSON', 'hello'],
  ['nothing', ''],
  ['a number', '7'],
  ['null', 'null'],
  ['an array', '[1,2]'],
  ['no id', '{"p":{"u":"/engine/status"}}'],
  ['an id that is an object', '{"i":{},"p":{"u":"/engine/status"}}'],
  ['no path', '{"i":"1","p":{}}'],
  ['a path to elsewhere', '{"i":"1","p":{"u":"http://["}}'],
  ['headers that are none', '{"i":"1","p":{"u":"/engine/status","h":{"content-type":7}}}'],
  ['an event of a stream that no procedure takes', '{"i":"1","t":3,"p":{"e":"message"}}'],
  ['an unknown type', '{"i":"1","t":9,"p":{"u":"/engine/status"}}'],
  ['bytes', Buffer.from([0, 255, 1, 254])],
  ['JSON as bytes', Buffer.from('{"i":"1","p":{"u":"/engine/status"}}')],
  ['braces without end', '['.repeat(1_000_000)],
])('a frame with %s ends its connection with 1007, and no other', async (_, frame) => {
  const socket = await rawClient();
  socket.send(frame);
  const [code, reason] = await once(socket, 'close');
  expect(code).toBe(1007);
  expect(String(reason)).toContain('BAD_INPUT');
  await expectItGoesOn();
});

test('a message over a MessagePort that is none ends that port, and no other', async () => {
  for (const message of ['nonsense', { i: '1' }, { i: '1', p: { u: 7 } }, new Uint8Array([1, 2]), null]) {
    const { port1, port2 } = new MessageChannel();
    serveMessagePort(host, port2);
    const closed = once(port1, 'close');
    port1.postMessage(message);
    await closed;
  }
  await expectItGoesOn();
});

test.each([
  ['no input at all', call(1, '/lab/get'), 'BAD_INPUT'],
  ['input of another shape', call(1, '/lab/get', { session: 7 }), 'BAD_INPUT'],
  ['a session name without end', call(1, '/lab/get', { session: 'x'.repeat(100_000) }), 'BAD_INPUT'],
  [
    'meta that names what is not there',
    '{"i":"1","p":{"u":"/lab/get","b":{"json":{},"meta":[[1,"a","b"]]}}}',
    'BAD_INPUT',
  ],
  [
    'meta that names prototypes',
    '{"i":"1","p":{"u":"/lab/get","b":{"json":{},"meta":[[1,"__proto__","x"]]}}}',
    'BAD_INPUT',
  ],
  ['a procedure that is not there', call(1, '/no/such'), 'NOT_FOUND'],
  ["an object's own property as a procedure", call(1, '/__proto__/constructor'), 'NOT_FOUND'],
  ['an empty path', call(1, '/'), 'NOT_FOUND'],
])('%s is answered with a code, and the connection goes on', async (_, message, code) => {
  const socket = await rawClient();
  const answers: WireAnswer[] = [];
  socket.on('message', (data) => answers.push(JSON.parse(String(data))));
  socket.send(message);
  socket.send(call(2, '/engine/status'));
  await expect.poll(() => answers.length).toBe(2);
  expect(answers.find(({ i }) => i === '1')?.p.b?.json.code).toBe(code);
  expect(answers.find(({ i }) => i === '2')?.p.s).toBeUndefined();
  socket.terminate();
});

test('a frame of 100 MB is refused with 1009 before it is read whole, and the host goes on', async () => {
  const socket = await rawClient();
  socket.on('error', () => undefined); // the host hangs up while we still send
  const closed = once(socket, 'close');
  socket.send(Buffer.alloc(100 * 1024 * 1024, 0x20).toString());
  const [code] = await closed;
  expect([1009, 1006]).toContain(code);
  await expectItGoesOn();
});

test('ten thousand requests at once: each is answered or refused with a code, and the host goes on', async () => {
  const socket = await rawClient();
  const codes = new Map<string, number>();
  let answers = 0;
  socket.on('message', (data) => {
    const code = (JSON.parse(String(data)) as WireAnswer).p.b?.json.code ?? 'answered';
    codes.set(code, (codes.get(code) ?? 0) + 1);
    answers++;
  });
  for (let number = 0; number < 10_000; number++) socket.send(call(number, '/library/list'));
  await expectItGoesOn();
  await expect.poll(() => answers, { timeout: 60_000 }).toBe(10_000);
  expect([...codes.keys()].sort()).toEqual(['LIMIT_REACHED', 'answered']);
  expect(codes.get('answered')).toBeGreaterThanOrEqual(100);
  socket.terminate();
});

test('streams to a client that does not read wait for it, and are gone with it', async () => {
  const before = host.changes.followers;
  const socket = await rawClient();
  socket.pause();
  for (let number = 0; number < 50; number++) socket.send(call(number, '/preferences/read'));
  const streams = 50;
  for (let number = 0; number < streams; number++) socket.send(call(1000 + number, '/library/watch'));
  await expect.poll(() => host.changes.followers).toBe(before + streams);
  for (let beat = 0; beat < 2000; beat++) host.changes.fire();
  await expectItGoesOn();
  socket.terminate();
  await expect.poll(() => host.changes.followers, { timeout: 20_000 }).toBe(before);
});
