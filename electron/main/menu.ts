import { type MenuItemConstructorOptions, shell } from 'electron';
import { text } from './strings.ts';

export interface MenuActions {
  readonly mac: boolean;
  readonly packaged: boolean;
  readonly logs: string;
  go(place: string): void;
}

/**
 * The native menu. On a Mac shortcuts have Cmd and never meet a terminal. Elsewhere Ctrl and a letter belong to the shell in the terminal
 * (Ctrl-R searches its history, Ctrl-W deletes a word, Ctrl-M is Enter), so ours have Shift too, as in other terminal programs.
 */
export function menuTemplate({ mac, packaged, logs, go }: MenuActions): MenuItemConstructorOptions[] {
  const key = (letter: string) => (mac ? `Cmd+${letter}` : `Ctrl+Shift+${letter}`);
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const appMenu: MenuItemConstructorOptions = { role: 'appMenu' };
  const fileMenu: MenuItemConstructorOptions = {
    role: 'fileMenu',
    submenu: [mac ? { role: 'close' } : { role: 'quit', label: text.quit, accelerator: key('Q') }],
  };
  const viewMenu: MenuItemConstructorOptions = {
    role: 'viewMenu',
    submenu: [
      { role: 'reload', accelerator: key('R') },
      ...(packaged ? [] : [{ role: 'toggleDevTools' } as const]),
      separator,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      separator,
      { role: 'togglefullscreen' },
    ],
  };
  const goMenu: MenuItemConstructorOptions = {
    label: text.go,
    submenu: text.screens.map(({ label, place }, index) => ({
      label,
      accelerator: `CmdOrCtrl+${index + 1}`,
      click: () => go(place),
    })),
  };
  const windowMenu: MenuItemConstructorOptions = mac
    ? { role: 'windowMenu' }
    : {
        role: 'windowMenu',
        submenu: [
          { role: 'minimize', accelerator: '' },
          { role: 'close', accelerator: key('W') },
        ],
      };
  const helpMenu: MenuItemConstructorOptions = {
    role: 'help',
    submenu: [
      ...(mac ? [] : [{ role: 'about' } as const]),
      { label: text.logs, click: () => void shell.openPath(logs) },
    ],
  };
  return [...(mac ? [appMenu] : []), fileMenu, { role: 'editMenu' }, viewMenu, goMenu, windowMenu, helpMenu];
}
