import { tokenName } from '../../engine/contract/token-name.ts';

/**
 * Takes the token out of the address bar and the history: the cookie has it since the page came. A picture of the screen, a copied
 * address or a bookmark then gives nothing away.
 */
export function forgetToken(): void {
  const address = new URL(window.location.href);
  if (!address.searchParams.has(tokenName)) return;
  address.searchParams.delete(tokenName);
  window.history.replaceState(null, '', address);
}
