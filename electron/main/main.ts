import { join, resolve } from 'node:path';
import { app, type BrowserWindow, dialog, ipcMain, Menu, session, shell } from 'electron';
import { enginePortMessage, requestPortMessage } from '../../engine/contract/desktop-shell.ts';
import { engineAddress } from './attach-address.ts';
import { EngineProcess } from './engine-process.ts';
import { confineAllContents, denyPermissions, isFromOurPage } from './guards.ts';
import { placeOfLink } from './lab-link.ts';
import { openLabWindow, showPlace } from './lab-window.ts';
import { type LaunchOptions, readLaunchOptions } from './launch-options.ts';
import { menuTemplate } from './menu.ts';
import { claimScheme, servePages } from './page-files.ts';
import { text } from './strings.ts';

/** Beside this bundled file in dist/electron. */
const preload = join(__dirname, 'preload.cjs');
const engineEntry = join(__dirname, 'engine.mjs');
const icon = join(__dirname, 'icon.png');
const pages = join(__dirname, '../app');

app.setName(text.product);
const { HOOKPOINT_HOME } = process.env;
// Who moves Hookpoint's data moves the window's with it.
if (HOOKPOINT_HOME) {
  app.setPath('userData', resolve(HOOKPOINT_HOME, 'window'));
  app.setAppLogsPath(resolve(HOOKPOINT_HOME, 'window/logs'));
}
claimScheme();
confineAllContents();

let window: BrowserWindow | null = null;
/** A place that was asked for before there was a window. */
let firstPlace: string | null = null;

const options = readLaunchOptions(process.argv);
if (app.requestSingleInstanceLock({ place: options.place })) run(options);
else app.quit();

function run(own: LaunchOptions): void {
  firstPlace = own.place;
  app.on('second-instance', (_event, _argv, _folder, data) => goTo(placeIn(data)));
  // How a Mac hands over links, also before the app is ready.
  app.on('open-url', (event, url) => {
    event.preventDefault();
    goTo(placeOfLink(url));
  });
  app.on('window-all-closed', () => app.quit());
  if (app.isPackaged) app.setAsDefaultProtocolClient('hookpoint');
  void app.whenReady().then(() => open(own));
}

/** From another process of ours, or of whoever else may reach our lock: looked at again. */
function placeIn(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('place' in data) || typeof data.place !== 'string') return null;
  return placeOfLink(data.place.replace(/^#\/start\//, 'hookpoint://open/'));
}

function goTo(place: string | null): void {
  if (window) showPlace(window, place);
  else firstPlace = place ?? firstPlace;
}

function open({ attach }: LaunchOptions): void {
  let attachedTo: string | null = null;
  try {
    attachedTo = attach === null ? null : engineAddress(attach);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`error: ${message}`);
    dialog.showErrorBox(text.attachFailed, message);
    app.exit(2);
    return;
  }
  denyPermissions(session.defaultSession);
  servePages(pages, attachedTo === null ? [] : [originOf(attachedTo)]);
  if (attachedTo === null) serveEngine();
  const logs = app.getPath('logs');
  const mac = process.platform === 'darwin';
  const go = (place: string) => goTo(place);
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate({ mac, packaged: app.isPackaged, logs, go })));
  const { isPackaged: packaged } = app;
  const stateFile = join(app.getPath('userData'), 'window.json');
  window = openLabWindow({ preload, icon, stateFile, packaged, attachedTo, place: firstPlace });
  window.once('closed', () => {
    window = null;
  });
}

const originOf = (address: string): string => {
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
};

/** The engine's process, and ports to it for the page that asks: page and engine then talk without us. */
function serveEngine(): void {
  const log = join(app.getPath('logs'), 'engine.log');
  const engine = new EngineProcess(engineEntry, { log, onTrouble: () => void askWhatToDo(engine, log) });
  app.once('will-quit', () => engine.end());
  ipcMain.on(requestPortMessage, (event) => {
    if (!isFromOurPage(event)) return;
    engine.connect((port) => {
      if (event.sender.isDestroyed()) port.close();
      else event.sender.postMessage(enginePortMessage, null, [port]);
    });
  });
}

async function askWhatToDo(engine: EngineProcess, log: string): Promise<void> {
  const words = text.engineEnded;
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: words.title,
    detail: words.detail(log),
    buttons: [words.again, words.logs, words.quit],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  if (response === 2) app.quit();
  else {
    if (response === 1) await shell.openPath(app.getPath('logs'));
    engine.retry();
  }
}
