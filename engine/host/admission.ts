import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { tokenName } from '../contract/token-name.ts';

/** Why a request is not let in: its status code and a sentence. */
export interface Refusal {
  readonly status: 400 | 401 | 403;
  readonly message: string;
}

/** Also at the near end of a tunnel (`ssh -L`), where the port is another. */
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:(\d{1,5}))?$/;

/**
 * Whether a request may be served. Its Host must be a loopback address: a page that a foreign name was pointed at us for (DNS rebinding)
 * says that name. A request of a page must come from that very origin, or from one of
 * `others`. And whoever asks must know the run's token.
 */
export function refuse(request: IncomingMessage, token: string, others: readonly string[] = []): Refusal | null {
  const { host, origin } = request.headers;
  if (host === undefined || !loopback.test(host)) {
    return { status: 403, message: 'Hookpoint answers to 127.0.0.1 and localhost only.' };
  }
  if (origin !== undefined && origin !== `http://${host}` && !others.includes(origin)) {
    return { status: 403, message: 'Hookpoint serves its own pages only.' };
  }
  if (addressOf(request) === null) return { status: 400, message: 'The request asks for no path.' };
  if (!sameText(tokenOf(request), token)) {
    return { status: 401, message: 'The token is missing or wrong: open the address that `hookpoint serve` printed.' };
  }
  return null;
}

/** What is asked for; null where that is no address. */
export function addressOf(request: IncomingMessage): URL | null {
  return URL.parse(`http://host${request.url?.startsWith('/') ? request.url : '/'}`);
}

/** For a page that came with the token in its address: its later requests carry it without. Null where it is not needed. */
export function cookieFor(request: IncomingMessage, token: string): string | null {
  if (!addressOf(request)?.searchParams.has(tokenName)) return null;
  return `${cookieName(request)}=${token}; HttpOnly; SameSite=Strict; Path=/`;
}

/** Browsers give a host's cookies to every port of it, so two that are served at once need two names. */
function cookieName(request: IncomingMessage): string {
  return `${tokenName}-${loopback.exec(request.headers.host ?? '')?.[3] ?? '80'}`;
}

/** From the header of a script, from the query, as the printed address has it, or from the cookie that its answer set. */
function tokenOf(request: IncomingMessage): string {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const query = addressOf(request)?.searchParams.get(tokenName);
  if (typeof query === 'string') return query;
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === cookieName(request))?.[1] ?? '';
}

function sameText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
