/**
 * Takes the token out of the address bar and the history: the cookie has it since the page came. A picture of the screen, a copied
 * address or a bookmark then gives nothing away.
 */
export function forgetToken(): void {
  const address = new URL(window.location.href);
  if (!address.searchParams.has('hookpoint-token')) return;
  address.searchParams.delete('hookpoint-token');
  window.history.replaceState(null, '', address);
}
