import { contextBridge, ipcRenderer } from 'electron';
import { type DesktopShell, enginePortMessage, requestPortMessage } from '../../engine/contract/desktop-shell.ts';

/**
 * The only thing of Electron that a page sees. It runs in the sandbox: what the page is to know of the window comes as an argument of the
 * renderer's process, and a port to the engine is passed on as it is, for the bridge cannot carry one.
 */
const attachedTo = process.argv.find((word) => word.startsWith('--hookpoint-engine='))?.slice(19) ?? null;

ipcRenderer.on(enginePortMessage, ({ ports }) => {
  const [port] = ports;
  if (port) window.postMessage(enginePortMessage, window.location.origin, [port]);
});

const shell: DesktopShell = {
  requestPort: () => ipcRenderer.send(requestPortMessage),
  attachedTo: () => attachedTo,
};
contextBridge.exposeInMainWorld('hookpointShell', shell);
