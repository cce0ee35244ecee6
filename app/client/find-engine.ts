import { type Connect, overMessagePort, overWebSocket } from './connection.ts';

/** What Electron's preload gives the page; missing in a browser. */
export interface Shell {
  /** Asks for a port to the engine: it comes as a message of the window. */
  requestPort(): void;
}

declare global {
  interface Window {
    readonly hookpointShell?: Shell;
  }
}

/** In Electron the engine's process, over a port that the preload hands over; in a browser the host that this page came from. */
export function findEngine(): Connect {
  const shell = window.hookpointShell;
  if (shell) return overMessagePort(() => nextPort(shell));
  const { protocol, host } = window.location;
  return overWebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/rpc`);
}

function nextPort(shell: Shell): Promise<MessagePort> {
  return new Promise((resolve) => {
    const take = ({ source, data, ports }: MessageEvent) => {
      const [port] = ports;
      if (source !== window || data !== 'hookpoint-engine-port' || !port) return;
      window.removeEventListener('message', take);
      resolve(port);
    };
    window.addEventListener('message', take);
    shell.requestPort();
  });
}
