import { tokenName } from '../../engine/contract/token-name.ts';

/** Only this machine is reached without encryption; the same names as a URL has them. */
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The address that `hookpoint serve` printed (http://127.0.0.1:PORT/?hookpoint-token=TOKEN, or the same with ws, https, wss) as the address of
 * the engine's WebSocket. Throws with a sentence for people where it is none.
 */
export function engineAddress(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`"${text}" is no address. ${expected}`);
  }
  const protocol = { 'http:': 'ws:', 'ws:': 'ws:', 'https:': 'wss:', 'wss:': 'wss:' }[url.protocol];
  if (protocol === undefined) throw new Error(`"${text}" begins with ${url.protocol}//. ${expected}`);
  const token = url.searchParams.get(tokenName) ?? '';
  if (!/^[\w-]{8,200}$/.test(token)) throw new Error(`"${text}" carries no token. ${expected}`);
  if (protocol === 'ws:' && !loopback.test(url.hostname)) {
    throw new Error(
      `${url.hostname} is another machine, and the token would travel in the clear. Forward the port (ssh -L ${url.port || '80'}:127.0.0.1:${url.port || '80'} ${url.hostname}) and attach to 127.0.0.1, or use https.`,
    );
  }
  return `${protocol}//${url.host}/rpc?${tokenName}=${token}`;
}

const expected = 'Give --attach the whole address that `hookpoint serve` printed there.';
