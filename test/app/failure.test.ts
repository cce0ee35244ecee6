import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Connection, overWebSocket } from '../../app/client/connection.ts';
import { failureOf } from '../../app/client/failure.ts';
import { failureText } from '../../app/strings/failure.ts';

/** What a call ended with, in the window's words. */
async function failureOfCall(call: Promise<unknown>) {
  try {
    await call;
  } catch (thrown) {
    return failureOf(thrown);
  }
  throw new Error('the call was answered');
}

describe('a window whose engine goes away', () => {
  let engine: WebSocketServer;
  let line: Connection;
  let far: WebSocket;
  beforeEach(async () => {
    engine = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(engine, 'listening');
    const coming = once(engine, 'connection');
    const connect = overWebSocket(`ws://127.0.0.1:${(engine.address() as AddressInfo).port}`);
    line = await connect();
    [far] = await coming;
  });
  afterEach(() => {
    engine.close();
    for (const client of engine.clients) client.terminate();
  });

  test('says so in its own words for a call that was under way', async () => {
    const asked = once(far, 'message');
    const failure = failureOfCall(line.client.engine.status());
    await asked;
    far.terminate();
    expect(await failure).toEqual({ code: 'ENGINE_UNREACHABLE', ...failureText.lineCut, problems: [] });
  });

  test('says the same for a call that is made afterwards', async () => {
    far.terminate();
    await line.closed;
    expect(await failureOfCall(line.client.engine.status())).toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });
});

test('what nobody foresaw is a fault of ours, with what to do', () => {
  expect(failureOf(new Error('odd'))).toEqual({
    code: 'INTERNAL',
    message: 'odd',
    remedy: failureText.ourFault,
    problems: [],
  });
});
