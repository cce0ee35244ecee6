import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { type Protocol, protocol } from 'electron';
import { desktopOrigin } from '../../engine/contract/desktop-shell.ts';
import { pageHeaders } from '../../engine/host/page-headers.ts';

const scheme = 'app';

/** To be said before the app is ready: the pages have an origin of their own, count as secure and may have modules. */
export function claimScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

interface Page {
  readonly status: 200 | 404;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** The file that an address of our scheme names, below `folder` and nowhere else. */
async function readPage(folder: string, address: string, connect: readonly string[]): Promise<Page> {
  const headers = pageHeaders(connect);
  const file = fileOf(folder, address);
  const body = file === null ? null : await readFile(file).catch(() => null); // a folder, or nothing: both are not found
  if (file === null || body === null) {
    return {
      status: 404,
      headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
      body: Buffer.from('There is nothing here.\n'),
    };
  }
  const type = types[extname(file)] ?? 'application/octet-stream';
  return { status: 200, headers: { ...headers, 'content-type': type }, body };
}

function fileOf(folder: string, address: string): string | null {
  if (!address.startsWith(`${desktopOrigin}/`)) return null;
  let path: string;
  try {
    path = decodeURIComponent(new URL(address).pathname);
  } catch {
    return null; // a broken escape
  }
  const file = normalize(join(folder, path === '/' ? 'index.html' : path));
  return file.startsWith(folder + sep) && !path.includes('\0') ? file : null;
}

/** Serves the built pages from now on. `connect`: where else than to us they may open connections. */
export function servePages(folder: string, connect: readonly string[]): void {
  // Electron before 25, which tests may run in, has the older way alone.
  const known: Partial<Pick<Protocol, 'handle'>> & Pick<Protocol, 'registerBufferProtocol'> = protocol;
  if (known.handle) {
    protocol.handle(scheme, async ({ url }) => {
      const { status, headers, body } = await readPage(folder, url, connect);
      return new Response(new Uint8Array(body), { status, headers });
    });
    return;
  }
  known.registerBufferProtocol(scheme, ({ url }, answer) => {
    void readPage(folder, url, connect).then(({ status, headers, body }) =>
      answer({ statusCode: status, headers: { ...headers }, mimeType: headers['content-type'] ?? '', data: body }),
    );
  });
}
