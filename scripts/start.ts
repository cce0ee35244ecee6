/**
 * `npm start`: sets up, then opens the app: in its own window where Electron and a screen are there, in the browser where they are not. It
 * says which and why. Ctrl-C ends it; labs go on.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { asHookpointError } from '../engine/contract/error.ts';
import { openHost } from '../engine/host/host.ts';
import { serve } from '../engine/host/serve.ts';
import { buildApp } from './build-app.ts';
import { buildShell } from './build-shell.ts';
import { desktopHere, hasScreen } from './desktop-here.ts';

const root = dirname(import.meta.dirname);
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ending.abort());

// Also where something is missing: the window's Doctor says what, and mends what it can.
const doctor = spawnSync(process.execPath, [join(root, 'cli/hookpoint.js'), 'doctor', '--fix'], { stdio: 'inherit' });
const setup = doctor.status ?? 128 + constants.signals[doctor.signal ?? 'SIGTERM'];
if (setup >= 128 || ending.signal.aborted) {
  // From 128 on it was a signal: somebody pressed Ctrl-C there, and the doctor has said so.
  process.exitCode = setup >= 128 ? setup : 130;
} else {
  try {
    if (buildApp() === 'built') console.log('Built the app.');
    process.exitCode = await openApp();
  } catch (thrown) {
    const { message, remedy, exitCode } = asHookpointError(thrown);
    console.error(`error: ${message}${remedy === undefined ? '' : `\n${remedy}`}`);
    process.exitCode = exitCode;
  }
}

/** The exit status. */
async function openApp(): Promise<number> {
  const desktop = desktopHere();
  if (desktop.kind === 'missing') return openInBrowser(desktop.reason);
  await buildShell();
  console.log('Opening the desktop window. Closing it ends Hookpoint; labs that run go on.');
  const began = performance.now();
  const child = spawn(desktop.executable, [root], { stdio: ['ignore', 'ignore', 'inherit'] });
  ending.signal.addEventListener('abort', () => child.kill());
  const ended = await Promise.race([
    once(child, 'exit').then(([status]) => (status === 0 || ending.signal.aborted ? null : `it ended with ${status}`)),
    once(child, 'error').then(([error]) => String(error)),
  ]);
  // A window that people worked in is not opened again somewhere else.
  if (ended === null) return 0;
  return performance.now() - began < 15_000 ? openInBrowser(`Electron does not start here: ${ended}`) : 3;
}

async function openInBrowser(reason: string): Promise<number> {
  await using host = await openHost();
  await using served = await serve(host);
  console.log(`Opening in the browser, for ${reason}.`);
  console.log(`Hookpoint is at ${served.url}`);
  console.log('Ctrl-C ends it; labs that run go on.');
  if (hasScreen()) showInBrowser(served.url);
  if (!ending.signal.aborted) await once(ending.signal, 'abort');
  return 0;
}

/** As each system opens an address. Where that fails the address is on the screen all the same. */
function showInBrowser(url: string): void {
  const [command, ...argv] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url]
        : ['xdg-open', url];
  spawn(command ?? '', argv, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
