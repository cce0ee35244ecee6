import { type DesktopShell, enginePortMessage } from '../../engine/contract/desktop-shell.ts';
import { type Connect, overMessagePort, overWebSocket } from './connection.ts';

declare global {
  interface Window {
    readonly hookpointShell?: DesktopShell;
  }
}

/**
 * In Electron the engine's process, over a port that the preload hands over, or the engine elsewhere that the window was told to attach to;
 * in a browser the host that this page came from.
 */
export function findEngine(): Connect {
  const shell = window.hookpointShell;
  const elsewhere = shell?.attachedTo();
  if (elsewhere) return overWebSocket(elsewhere);
  if (shell) return overMessagePort(() => nextPort(shell));
  const { protocol, host } = window.location;
  return overWebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/rpc`);
}

function nextPort(shell: DesktopShell): Promise<MessagePort> {
  return new Promise((resolve) => {
    const take = ({ source, data, ports }: MessageEvent) => {
      const [port] = ports;
      if (source !== window || data !== enginePortMessage || !port) return;
      window.removeEventListener('message', take);
      resolve(port);
    };
    window.addEventListener('message', take);
    shell.requestPort();
  });
}
