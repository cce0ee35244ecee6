/**
 * The content security policy of every page: nothing from elsewhere is loaded or run, whatever a guide says. Svelte and xterm.js set
 * styles, hence the one exception. `connect`: origins that pages may open connections to, besides their own.
 */
export const contentSecurity = (connect: readonly string[] = []): string =>
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
