/** Where the window is: the screen and what it shows, kept in the address's fragment so that a reload comes back to it. */
export type Route =
  /** `start`: the lab that somebody asks to start by a link, as PACK/LAB. */
  | { readonly screen: 'library'; readonly start: string | null }
  | { readonly screen: 'lab'; readonly session: string }
  | { readonly screen: 'results'; readonly id: number | null }
  | { readonly screen: 'packs' }
  | { readonly screen: 'doctor' };

function read(hash: string): Route {
  const [screen, of, lab] = hash.replace(/^#\/?/, '').split('/').map(decoded);
  if (screen === 'lab' && of) return { screen, session: of };
  if (screen === 'results') return { screen, id: of && /^\d{1,9}$/.test(of) ? Number(of) : null };
  if (screen === 'packs' || screen === 'doctor') return { screen };
  return { screen: 'library', start: screen === 'start' && of && lab ? `${of}/${lab}` : null };
}

/** A link of anybody may hold anything. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** For an `href`. */
export function addressOf(route: Route): string {
  if (route.screen === 'library' && route.start !== null) {
    return `#/start/${route.start.split('/').map(encodeURIComponent).join('/')}`;
  }
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

  /** The same without a step back to where the window is now. */
  replace(route: Route): void {
    window.history.replaceState(null, '', addressOf(route));
    this.route = route;
  }
}

export const place = new Place();
