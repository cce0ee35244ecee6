import { createRouterClient } from '@orpc/server';
import { RPCHandler as MessagePortHandler } from '@orpc/server/message-port';
import { RPCHandler as WebSocketHandler } from '@orpc/server/ws';
import type { WebSocket } from 'ws';
import type { Host } from './host.ts';
import { router } from './router.ts';
import { withWireFailures } from './wire-failures.ts';

/** Of Node, of a browser or of Electron's main process. */
type Port = Parameters<MessagePortHandler<{ readonly host: Host }>['upgrade']>[0] & { start(): void };

const options = { clientInterceptors: [withWireFailures] };
const overMessagePorts = new MessagePortHandler(router, options);
const overWebSockets = new WebSocketHandler(router, options);

/** Serves one client that sits at the other end of a MessagePort: the window of Electron, or a worker. */
export function serveMessagePort(host: Host, port: Port): void {
  overMessagePorts.upgrade(port, { context: { host } });
  port.start();
}

/** Serves one client that sits at the other end of a WebSocket, which was let in already. */
export function serveWebSocket(host: Host, socket: WebSocket): void {
  void overWebSockets.upgrade(socket, { context: { host } });
}

/** A client in the same process: calls are calls. */
export function clientInProcess(host: Host) {
  return createRouterClient(router, { context: { host }, interceptors: [withWireFailures] });
}
