/** What the user asked for, or what the system says. */
export type ThemeChoice = 'system' | 'light' | 'dark';

export const isThemeChoice = (value: unknown): value is ThemeChoice =>
  value === 'system' || value === 'light' || value === 'dark';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

class Theme {
  choice = $state<ThemeChoice>('system');
  #systemDark = $state(dark.matches);
  readonly current = $derived<'light' | 'dark'>(
    this.choice === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.choice,
  );

  constructor() {
    dark.addEventListener('change', ({ matches }) => {
      this.#systemDark = matches;
    });
  }
}

/** The window's theme; App.svelte writes it to the document. */
export const theme = new Theme();
