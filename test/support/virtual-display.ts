import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A screen that nobody sees; its DISPLAY. Gone when it is disposed of. */
export interface VirtualDisplay extends AsyncDisposable {
  readonly name: string;
}

/** Starts Xvfb on a number of its own choosing and waits until it listens. */
export async function startVirtualDisplay(): Promise<VirtualDisplay> {
  // It writes the number that it took to this descriptor as soon as it can be used.
  const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const numbers = child.stdio[3];
  if (!numbers || !('read' in numbers)) throw new Error('Xvfb has no descriptor 3');
  const [number] = await Promise.race([
    once(createInterface({ input: numbers }), 'line'),
    ended.then(([status]) => {
      throw new Error(`Xvfb ended with ${status}`);
    }),
  ]);
  return {
    name: `:${number}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}
