import { createORPCClient } from '@orpc/client';
import { RPCLink as MessagePortLink } from '@orpc/client/message-port';
import { RPCLink as WebSocketLink } from '@orpc/client/websocket';
import type { Client } from '../../engine/contract/contract.ts';

/** A client with a line to the engine, until that line is cut. */
export interface Connection {
  readonly client: Client;
  /** Resolves when nothing can come any more. */
  readonly closed: Promise<void>;
}

/** What was asked for went nowhere, or its answer will not come: there is no line to the engine. */
export class LineCut extends Error {}

/** Opens a line; rejects where there is nobody at the other end. */
export type Connect = () => Promise<Connection>;

/** There is an engine, and it does not know this window: its token is of an earlier run. */
export class Refused extends Error {}

/** To the engine that served this page, at `address` (ws://...). */
export function overWebSocket(address: string): Connect {
  return async () => {
    const socket = new WebSocket(address);
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve(), { once: true }));
    const opened = await new Promise<boolean>((resolve) => {
      socket.addEventListener('open', () => resolve(true), { once: true });
      socket.addEventListener('close', () => resolve(false), { once: true });
    });
    if (!opened) throw (await isRefused(address)) ? new Refused() : new Error('the engine does not answer');
    const link = new WebSocketLink({
      websocket: socket,
      interceptors: [
        async ({ next }) => {
          try {
            return await next();
          } catch (thrown) {
            // The carrier's own words for a line that is gone differ by the moment at which it went.
            throw socket.readyState === WebSocket.OPEN ? thrown : new LineCut();
          }
        },
      ],
    });
    return { client: createORPCClient<Client>(link), closed };
  };
}

/** A MessagePort, of a page or of Node. */
type Port = Pick<EventTarget, 'addEventListener'> & { postMessage(data: unknown): void; start(): void };

/** To the engine at the other end of a port; `next` gives a fresh one, each time when the engine was started anew. */
export function overMessagePort(next: () => Promise<Port>): Connect {
  return async () => {
    const port = await next();
    const closed = new Promise<void>((resolve) => port.addEventListener('close', () => resolve(), { once: true }));
    const link = new MessagePortLink({ port });
    port.start();
    return { client: createORPCClient<Client>(link), closed };
  };
}

/** A browser does not tell a page why its WebSocket was not opened; to a plain request the engine says it. */
async function isRefused(address: string): Promise<boolean> {
  try {
    const { status } = await fetch(address.replace(/^ws/, 'http'), { method: 'HEAD', cache: 'no-store' });
    return status === 401;
  } catch {
    return false; // nobody is there
  }
}
