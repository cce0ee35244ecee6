/** Where the window is: the screen and what it shows, kept in the address's fragment so that a reload comes back to it. */
export type Route =
  | { readonly screen: 'library' }
  | { readonly screen: 'lab'; readonly session: string }
  | { readonly screen: 'results'; readonly id: number | null }
  | { readonly screen: 'packs' }
  | { readonly screen: 'doctor' };

function read(hash: string): Route {
  const [screen, of] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  if (screen === 'lab' && of) return { screen, session: of };
  if (screen === 'results') return { screen, id: of ? Number(of) : null };
  if (screen === 'packs' || screen === 'doctor') return { screen };
  return { screen: 'library' };
}

/** For an `href`. */
export function addressOf(route: Route): string {
  const of = route.screen === 'lab' ? route.session : route.screen === 'results' ? route.id : null;
  return `#/${route.screen}${of === null ? '' : `/${encodeURIComponent(of)}`}`;
}

class Place {
  route = $state.raw<Route>(read(window.location.hash));

  constructor() {
    window.addEventListener('hashchange', () => {
      this.route = read(window.location.hash);
    });
  }

  go(route: Route): void {
    window.location.hash = addressOf(route);
  }
}

export const place = new Place();
