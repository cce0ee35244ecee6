import { BrowserWindow, Menu, nativeTheme, screen } from 'electron';
import { desktopOrigin } from '../../engine/contract/desktop-shell.ts';
import { contextMenuTemplate } from './context-menu.ts';
import { fitToDisplays, readWindowState, smallest, writeWindowState } from './window-state.ts';

/** The ground of app/ui/tokens.css, shown until the page draws itself. */
const ground = () => (nativeTheme.shouldUseDarkColors ? '#0f1316' : '#f6f7f8');

/** A renderer that is gone more often than this within a minute is not loaded again. */
const mostReloads = 3;

export interface LabWindowOptions {
  readonly preload: string;
  readonly icon: string;
  readonly stateFile: string;
  readonly packaged: boolean;
  /** The engine elsewhere, for the page. */
  readonly attachedTo: string | null;
  /** Where to begin, as `#/...`. */
  readonly place: string | null;
}

/** The one window, where it was when it was last closed. */
export function openLabWindow(options: LabWindowOptions): BrowserWindow {
  const workAreas = screen.getAllDisplays().map(({ workArea }) => workArea);
  const { maximised, ...bounds } = fitToDisplays(readWindowState(options.stateFile), workAreas);
  const window = new BrowserWindow({
    ...bounds,
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    backgroundColor: ground(),
    icon: options.icon,
    webPreferences: {
      preload: options.preload,
      additionalArguments: options.attachedTo === null ? [] : [`--hookpoint-engine=${options.attachedTo}`],
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      // It would load dictionaries from the web.
      spellcheck: false,
      devTools: !options.packaged,
    },
  });
  if (maximised) window.maximize();
  window.once('ready-to-show', () => window.show());
  const followTheme = () => window.setBackgroundColor(ground());
  nativeTheme.on('updated', followTheme);
  window.on('close', () => keepState(window, options.stateFile));
  window.once('closed', () => nativeTheme.off('updated', followTheme));
  window.webContents.on('context-menu', (_event, place) => {
    const template = contextMenuTemplate(place);
    if (template.length > 0) Menu.buildFromTemplate(template).popup({ window });
  });
  loadAgainWhenGone(window);
  void window.loadURL(pageAt(options.place ?? ''));
  return window;
}

/** Goes to a place (`#/...`) of the app and brings the window to the front. */
export function showPlace(window: BrowserWindow, place: string | null): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
  if (place !== null) void window.loadURL(pageAt(place));
}

const pageAt = (place: string): string => `${desktopOrigin}/${place}`;

function keepState(window: BrowserWindow, file: string): void {
  const { x, y, width, height } = window.getNormalBounds();
  try {
    writeWindowState(file, { x, y, width, height, maximised: window.isMaximized() });
  } catch (error) {
    // The window closes all the same; the next one opens where this one was opened.
    console.error(`the window's place could not be kept in ${file}: ${error}`);
  }
}

/** The page keeps what matters with the engine, so a renderer that crashed costs a reload. */
function loadAgainWhenGone(window: BrowserWindow): void {
  let gone: number[] = [];
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return;
    gone = [...gone.filter((time) => Date.now() - time < 60_000), Date.now()];
    if (gone.length <= mostReloads) window.webContents.reload();
  });
}
