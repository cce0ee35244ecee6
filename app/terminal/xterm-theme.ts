import type { ITheme } from '@xterm/xterm';

/** The colours of xterm.js, each from its token. */
const tokens = {
  background: '--term-ground',
  foreground: '--term-ink',
  cursor: '--term-cursor',
  cursorAccent: '--term-ground',
  selectionBackground: '--term-selection',
  black: '--term-black',
  red: '--term-red',
  green: '--term-green',
  yellow: '--term-yellow',
  blue: '--term-blue',
  magenta: '--term-magenta',
  cyan: '--term-cyan',
  white: '--term-white',
  brightBlack: '--term-bright-black',
  brightRed: '--term-bright-red',
  brightGreen: '--term-bright-green',
  brightYellow: '--term-bright-yellow',
  brightBlue: '--term-bright-blue',
  brightMagenta: '--term-bright-magenta',
  brightCyan: '--term-bright-cyan',
  brightWhite: '--term-bright-white',
} as const satisfies Partial<Record<keyof ITheme, string>>;

/** What the document's theme says now. */
export function currentTheme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    Object.entries(tokens).map(([name, token]) => [name, style.getPropertyValue(token).trim()]),
  );
}

/** The terminal's font as xterm.js takes it: a family, and pixels that follow the root's font size. */
export function currentFont(): { readonly fontFamily: string; readonly fontSize: number } {
  const style = getComputedStyle(document.documentElement);
  return {
    fontFamily: style.getPropertyValue('--mono').trim(),
    fontSize: Number.parseFloat(style.getPropertyValue('--text-s')) * Number.parseFloat(style.fontSize),
  };
}

/** How matches of a search are marked. xterm.js takes these as #rrggbb only. */
export function matchColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (token: string) => style.getPropertyValue(token).trim();
  return {
    matchBackground: colour('--warn-soft'),
    matchOverviewRuler: colour('--warn'),
    activeMatchBackground: colour('--term-selection'),
    activeMatchBorder: colour('--accent'),
    activeMatchColorOverviewRuler: colour('--accent'),
  };
}
