/**
 * The headers of every page, from the browser host and from Electron alike. `connect`: origins that pages may open connections to, besides
 * their own.
 */
export const pageHeaders = (connect: readonly string[] = []): Readonly<Record<string, string>> => ({
  'content-security-policy': contentSecurity(connect),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
});

/** Nothing from elsewhere is loaded or run, whatever a guide says. Svelte and xterm.js set styles, hence the one exception. */
const contentSecurity = (connect: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    ["connect-src 'self'", ...connect].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
