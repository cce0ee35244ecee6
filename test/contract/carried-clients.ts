import { MessageChannel } from 'node:worker_threads';
import { type Connect, overMessagePort, overWebSocket } from '../../app/client/connection.ts';
import type { Client } from '../../engine/contract/contract.ts';
import { clientInProcess, serveMessagePort } from '../../engine/host/carriers.ts';
import type { Host } from '../../engine/host/host.ts';
import { type Served, serve } from '../../engine/host/serve.ts';

/** Somebody who asks, and the way to be gone without a word. */
export interface CarriedClient {
  readonly client: Client;
  vanish(): void;
}

export interface Carrier extends AsyncDisposable {
  open(): Promise<CarriedClient>;
}

/** The three ways by which the app and tests reach a host, with the app's own code at the client's end. */
export const carriers: Readonly<Record<string, (host: Host) => Promise<Carrier>>> = {
  'in process': async (host) => ({
    open: async () => ({ client: clientInProcess(host), vanish: () => undefined }),
    [Symbol.asyncDispose]: async () => undefined,
  }),

  'over a MessagePort': async (host) => {
    const opened: { close(): void }[] = [];
    return {
      async open() {
        const { port1, port2 } = new MessageChannel();
        opened.push(port1);
        serveMessagePort(host, port2);
        const { client } = await overMessagePort(async () => port1)();
        return { client, vanish: () => port1.close() };
      },
      async [Symbol.asyncDispose]() {
        for (const port of opened) port.close();
      },
    };
  },

  'over a WebSocket': async (host) => {
    const served = await serve(host);
    const sockets: WebSocket[] = [];
    // What the page's code makes is a WebSocket: it is caught here so that it can be cut.
    const Original = globalThis.WebSocket;
    globalThis.WebSocket = class extends Original {
      constructor(...words: ConstructorParameters<typeof WebSocket>) {
        super(...words);
        sockets.push(this);
      }
    };
    return {
      async open() {
        const { client } = await connectTo(served)();
        const socket = sockets.at(-1);
        return { client, vanish: () => socket?.close() };
      },
      async [Symbol.asyncDispose]() {
        globalThis.WebSocket = Original;
        await served[Symbol.asyncDispose]();
      },
    };
  },
};

/** As the page does it; the token stands in the address, for there is no cookie here. */
export function connectTo({ port, token }: Pick<Served, 'port' | 'token'>): Connect {
  return overWebSocket(`ws://127.0.0.1:${port}/rpc?hookpoint-token=${token}`);
}
