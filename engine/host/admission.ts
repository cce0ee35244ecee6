import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is not let in: its status code and a sentence. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/** The cookie and the query parameter that carry the token. */
export const tokenName = 'hookpoint-token';

/**
 * Whether a request may be served. Its Host must be this machine's loopback with our port: a page that a foreign name was pointed at us for
 * (DNS rebinding) says that name. A request of a page must come from our own origin. And whoever asks must know the run's token.
 */
export function refuse(
  request: IncomingMessage,
  own: { readonly port: number; readonly token: string },
): Refusal | null {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${own.port}`);
  const { host, origin } = request.headers;
  if (host === undefined || !hosts.includes(host)) {
    return { status: 403, message: `Hookpoint answers to ${hosts.join(', ')} only.` };
  }
  if (origin !== undefined && !hosts.some((name) => origin === `http://${name}`)) {
    return { status: 403, message: 'Hookpoint serves its own pages only.' };
  }
  if (!sameText(tokenOf(request), own.token)) {
    return { status: 401, message: 'The token is missing or wrong: open the address that `hookpoint serve` printed.' };
  }
  return null;
}

/** From the header of a script, from the query, as the printed address has it, or from the cookie that its answer set. */
function tokenOf(request: IncomingMessage): string {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const query = new URL(request.url ?? '/', 'http://host').searchParams.get(tokenName);
  if (query !== null) return query;
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === tokenName)?.[1] ?? '';
}

function sameText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
