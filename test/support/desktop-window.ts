import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';

const root = dirname(dirname(import.meta.dirname));

/** How the window is started: with a runtime of its own, on a screen, with a data folder. */
export interface Desktop {
  readonly executable: string;
  readonly display: string;
  readonly home: string;
}

/** The app's window, opened and loaded. Closed when it is disposed of. */
export interface DesktopWindow extends AsyncDisposable {
  readonly app: ElectronApplication;
  readonly page: Page;
}

export async function openDesktopWindow(desktop: Desktop, words: readonly string[]): Promise<DesktopWindow> {
  // Not by executablePath: only so the app waits until everything it says is heard.
  process.env.ELECTRON_OVERRIDE_DIST_PATH = dirname(desktop.executable);
  const app = await _electron.launch({
    args: ['--disable-gpu', root, ...words],
    env: environmentOf(desktop),
    timeout: 60_000,
  });
  // What the test refuses must not reach a browser of this machine where it is not refused.
  await app.evaluate(({ shell }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openExternal = async (url) => void opened.push(url);
  });
  const page = await app.firstWindow();
  await page.waitForLoadState();
  return { app, page, [Symbol.asyncDispose]: () => app.close() };
}

/** What was handed to the user's browser so far. */
export const openedOutside = (app: ElectronApplication): Promise<readonly string[]> =>
  app.evaluate(() => (globalThis as unknown as { readonly opened: readonly string[] }).opened);

/** Starts the program once more while a window is there; its exit status. */
export async function startAgain(desktop: Desktop, words: readonly string[]): Promise<number | null> {
  const child = spawn(desktop.executable, ['--no-sandbox', '--disable-gpu', root, ...words], {
    env: environmentOf(desktop),
    stdio: 'ignore',
  });
  const [status] = await once(child, 'exit');
  return status;
}

function environmentOf({ display, home }: Desktop): Record<string, string> {
  const kept = Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return { ...Object.fromEntries(kept), DISPLAY: display, HOOKPOINT_HOME: home };
}
