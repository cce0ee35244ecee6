import { serveMessagePort } from '../../engine/host/carriers.ts';
import { openHost } from '../../engine/host/host.ts';

/**
 * The engine as Electron's utility process: every message of the parent carries a port, and whoever sits at its other end is served. It ends
 * with its parent, labs go on.
 */
const parent = process.parentPort;
if (!parent) throw new Error('this is started by the desktop shell');
const opening = openHost();
parent.on('message', ({ ports }) => {
  void opening.then((host) => {
    for (const port of ports) serveMessagePort(host, port);
  });
});
await opening;
