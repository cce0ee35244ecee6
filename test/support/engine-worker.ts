import { EventEmitter } from 'node:events';
import { type MessagePort, parentPort } from 'node:worker_threads';

/** Stands for Electron's utility process: ports that come from the parent are handed to the entry as Electron hands them. */
const parent = new EventEmitter();
Object.assign(process, { parentPort: parent });
await import('../../electron/engine/entry.ts');
parentPort?.on('message', (port: MessagePort) => parent.emit('message', { data: null, ports: [port] }));
parentPort?.postMessage('ready');
