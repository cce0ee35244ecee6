import { once } from 'node:events';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { expect, test } from 'vitest';
import type { Client } from '../../engine/contract/contract.ts';
import { temporaryHome } from '../support/cli.ts';

test('the entry of the engine process serves whoever sits at the other end of a port, one after another', async () => {
  using home = temporaryHome();
  const worker = new Worker(join(import.meta.dirname, '../support/engine-worker.ts'), {
    env: { ...process.env, HOOKPOINT_HOME: home.folder },
  });
  await once(worker, 'message');
  for (let window = 0; window < 2; window++) {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage(port1, [port1]);
    const client = createORPCClient<Client>(new RPCLink({ port: port2 }));
    port2.start();
    const { packs } = await client.library.list();
    expect(packs.map(({ id }) => id)).toContain('netfilter');
    port2.close();
  }
  await worker.terminate();
});
