import { onMessagePortClose, onMessagePortMessage, type SupportedMessagePort } from '@orpc/client/message-port';
import { createRouterClient } from '@orpc/server';
import { RPCHandler } from '@orpc/server/websocket';
import type { WebSocket } from 'ws';
import type { Client } from '../contract/contract.ts';
import type { CallContext } from './call-context.ts';
import type { Host } from './host.ts';
import { OpenCalls } from './open-calls.ts';
import { router } from './router.ts';
import { withCallLimit, withDecodingFailures, withUnknownProcedures, withWireFailures } from './wire-failures.ts';
import { isWireMessage } from './wire-message.ts';

/** Of Node, of a browser or of Electron. */
type Port = SupportedMessagePort & { start(): void; close(): void };

/** Text both ways to one client. */
interface Line {
  /** Comes back when the client's side has taken it, where that can be known: streams then wait for a client that is slow. */
  send(text: string): Promise<void>;
  listen(heard: { message(data: unknown): void; closed(): void }): void;
  /** Ends it, because what came over it is no message. */
  refuse(): void;
}

/** It speaks to anything that sends as a WebSocket does, so it serves every line. */
const handler = new RPCHandler<CallContext>(router, {
  clientInterceptors: [withWireFailures],
  interceptors: [withCallLimit, withDecodingFailures],
  rootInterceptors: [withUnknownProcedures],
});

/** Serves one client that sits at the other end of a MessagePort: the window of Electron, or a worker. */
export function serveMessagePort(host: Host, port: Port): void {
  serveLine(host, {
    send: async (text) => port.postMessage(text),
    listen({ message, closed }) {
      onMessagePortMessage(port, message);
      onMessagePortClose(port, closed);
    },
    refuse: () => port.close(),
  });
  port.start();
}

/** The closing code for data that does not fit the type of the message (RFC 6455, 7.4.1). */
const notConsistent = 1007;

/** A client that asks and does not read what it gets is cut off when this much waits for it, in bytes. */
const mostUnread = 64 * 1024 * 1024;

/** Serves one client that sits at the other end of a WebSocket, which was let in already. */
export function serveWebSocket(host: Host, socket: WebSocket): void {
  serveLine(host, {
    send: (text) =>
      new Promise((resolve) => {
        if (socket.bufferedAmount > mostUnread) socket.terminate();
        // Also called back when the socket is gone; that is told by its closing.
        socket.send(text, () => resolve());
      }),
    listen({ message, closed }) {
      socket.on('message', (data, isBinary) => message(isBinary ? data : String(data)));
      socket.on('close', closed);
    },
    refuse: () => socket.close(notConsistent, 'BAD_INPUT: not a message of the contract'),
  });
}

/** A client in the same process: calls are calls. */
export function clientInProcess(host: Host): Client {
  return createRouterClient(router, { context: { host }, interceptors: [withWireFailures] });
}

/**
 * Messages are delivered one a turn of the event loop: oRPC decodes them asynchronously, and "given up" would overtake the call that it is
 * about, which then nobody ends.
 */
function serveLine(host: Host, line: Line): void {
  const peer = { send: (text: string) => line.send(text), addEventListener: () => undefined };
  const context: CallContext = { host, calls: new OpenCalls() };
  let open = true;
  const end = () => {
    open = false;
    handler.close(peer);
  };
  line.listen({
    message: (data) => {
      setImmediate(() => {
        if (!open) return;
        if (isWireMessage(data)) {
          handler.message(peer, data, { context }).catch((error: unknown) => console.error('a call failed:', error));
        } else {
          end();
          line.refuse();
        }
      });
    },
    closed: () => setImmediate(end),
  });
}
