import type { Home } from '../sessions/home.ts';
import { packPlaces } from '../sessions/pack-places.ts';

/** How often the folders are looked at, in milliseconds. Names alone are read, which costs a fraction of one. */
const beat = 500;

/** Calls whenever packs have come or gone, also by another process: files of packs that stay are read when they are asked for. */
export function watchPacks(home: Home, onChange: () => void): Disposable {
  const names = (): string | null => {
    try {
      return packPlaces(home)
        .map(({ folder }) => folder)
        .join('\n');
    } catch {
      return null; // it went away while it was looked at, or cannot be read: whoever asks for packs is told why
    }
  };
  let seen = names();
  const timer = setInterval(() => {
    const now = names();
    if (now !== seen) onChange();
    seen = now;
  }, beat);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
