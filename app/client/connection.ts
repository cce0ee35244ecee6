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

/** Opens a line; rejects where there is nobody at the other end. */
export type Connect = () => Promise<Connection>;

/** To the engine that served this page, or to another one at `base` (ws://...). */
export function overWebSocket(address: string): Connect {
  return async () => {
    const socket = new WebSocket(address);
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve(), { once: true }));
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('close', () => reject(new Error('the engine does not answer')), { once: true });
    });
    return { client: createORPCClient<Client>(new WebSocketLink({ websocket: socket })), closed };
  };
}

/** To the engine at the other end of a port; `next` gives a fresh one, each time when the engine was started anew. */
export function overMessagePort(next: () => Promise<MessagePort>): Connect {
  return async () => {
    const port = await next();
    const closed = new Promise<void>((resolve) => port.addEventListener('close', () => resolve(), { once: true }));
    const link = new MessagePortLink({ port });
    port.start();
    return { client: createORPCClient<Client>(link), closed };
  };
}
